"""I16: what time itself does happens at most once per wait, never before it is due, and at least once in bound, also with two leaders.

Owns the waits: retry, time-out of an attempt, release of a scheduled payout, inquiry after an unknown outcome. The id of an effect is
payout, attempt and due time, which no second leader can make differ.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json, items
from checker.fold.state import Payout
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict

SWEEP_MS = 30_000
"""A sweep every 30 s finds whatever is overdue (LIF-13)."""
QUIET_MS = 20_000


class Timers(Watcher):
    """Looks at every effect of time, and at the waits that are left."""

    name = "I16"

    def __init__(self, evidence: Evidence) -> None:
        """No effect seen yet."""
        super().__init__(evidence)
        self._done: set[tuple[str, str, int, int | None]] = set()
        run = evidence.run or {}
        self._bound = SWEEP_MS + int(run.get("quiet_bound_ms") or QUIET_MS)
        self._calm = int(run.get("last_fault_ms") or run.get("started_ms") or 0)

    def before(self, book: Book, record: Record, event: Json) -> None:
        """An event that time has caused."""
        kind = event.get("type")
        if kind not in {"attempts_started", "outcomes_unknown"}:
            return
        for item in items(event):
            payout = book.payouts.get(item["payout_id"])
            if payout is not None:
                self._judge(record, payout, item, "start" if kind == "attempts_started" else "unknown")

    def _judge(self, record: Record, payout: Payout, item: Json, kind: str) -> None:
        cause = record.value.get("command_type")
        if kind == "start" and (payout.due_at is not None or payout.attempt):
            self._effect(record, payout, "retry" if payout.attempt else "release")
        elif kind == "unknown" and cause == "time_out_attempts":
            self._effect(record, payout, "time-out")
        elif kind == "unknown" and payout.status == "requires_action":
            asked = item.get("inquiry", 0)
            self.found.need(
                asked == payout.inquiry + 1,
                record.place,
                f"payout {payout.id}: inquiry {asked} follows inquiry {payout.inquiry}",
            )

    def _effect(self, record: Record, payout: Payout, kind: str) -> None:
        at, due = record.value["at"], payout.due_at
        self.found.need(due is not None and at >= due, record.place, f"payout {payout.id}: {kind} at {at}, due at {due}")
        mark = (payout.id, kind, payout.attempt, due)
        self.found.need(
            mark not in self._done, record.place, f"payout {payout.id}: {kind} of attempt {payout.attempt} twice"
        )
        self._done.add(mark)
        if due is not None and at > max(due, self._calm) + self._bound:
            self.found.fail(record.place, f"payout {payout.id}: {kind} at {at}, {at - due} ms late")

    def finish(self, book: Book) -> None:
        """Waits that were over when all was quiet, and nobody acted."""
        ended = self.evidence.ended_ms
        if ended is None:
            self.found.lack("run.json does not say when all was quiet")
            return
        for payout in book.payouts.values():
            if payout.due_at is not None and _time_ends(payout):
                self.found.need(
                    payout.due_at + self._bound >= ended,
                    f"payout {payout.id}",
                    f"{payout.status} ({payout.reason}) was due at {payout.due_at}, and nothing happened by {ended}",
                )


def _time_ends(payout: Payout) -> bool:
    """Whether it is time that ends this wait; one for funds has a release in mind and no end of its own."""
    return payout.status in {"processing", "requires_action"} or (payout.status == "pending" and payout.reason == "schedule")


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I16."""
    return walk(evidence, [Timers(evidence)])["I16"]

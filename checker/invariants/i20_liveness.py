"""I20: after the last fault all is quiet within the bound.

No command is undecided, the views are at the end of the log, and every payout has ended or visibly
waits, with a reason and with somebody who will end the wait.

Owns what may be left over.
"""

from checker.evidence import Evidence
from checker.fold.book import Book
from checker.fold.state import Payout
from checker.fold.table import TERMINAL
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict

QUIET_MS = 20_000
HORIZON_MS = 72 * 3_600_000
"""So long after an attempt the provider is asked what became of it."""
WAITS_FOR_PEOPLE = frozenset({"funds"})
"""No other reason for a wait without end is ever given: what says one waits for nobody."""


class Liveness(Watcher):
    """Looks at the end."""

    name = "I20"

    def finish(self, book: Book) -> None:
        """How everything stands."""
        run = self.evidence.run
        if run is None:
            self.found.lack("run.json is missing")
            return
        bound, ended = int(run.get("quiet_bound_ms") or QUIET_MS), self.evidence.ended_ms
        if ended is None:
            self.found.fail("run.json", "all never was quiet")
            return
        calm = int(run.get("last_fault_ms") or run.get("started_ms") or 0)
        calm = max(calm, int(run.get("last_request_ms") or 0))
        self.found.need(
            ended - calm <= bound, "run.json", f"was quiet {ended - calm} ms after the last fault, {bound} are allowed"
        )
        self._faults_healed()
        self._lag(book)
        for payout in book.payouts.values():
            wrong = _wrong(book, payout) or self._horizon(payout, ended)
            self.found.need(wrong is None, f"payout {payout.id}", str(wrong))
        self._funds(book)

    def _horizon(self, payout: Payout, ended: int) -> str | None:
        """Inquiries end only when their horizon is over."""
        if payout.status != "requires_action" or payout.due_at is not None:
            return None
        horizon = int((self.evidence.run or {}).get("inquiry_horizon_ms") or HORIZON_MS)
        began = payout.processing_started_at or payout.at
        return None if began + horizon <= ended else "requires_action, nobody asks again, and the horizon is not over"

    def _funds(self, book: Book) -> None:
        """Who waits first for funds waits only while they are not there."""
        first: dict[tuple[str, str], Payout] = {}
        for payout in book.payouts.values():
            if payout.status == "pending" and payout.reason == "funds":
                known = first.setdefault((payout.merchant, payout.currency), payout)
                if _age(book, payout) < _age(book, known):
                    first[payout.merchant, payout.currency] = payout
        for (merchant, currency), payout in first.items():
            have = book.balance(merchant, currency, "available")
            self.found.need(
                have < payout.total, f"payout {payout.id}", f"waits for {payout.total} {currency}, and {have} are available"
            )

    def _faults_healed(self) -> None:
        for line, fault in enumerate(self.evidence.rows("faults") or (), 1):
            run = self.evidence.run or {}
            late = int(fault.get("t") or 0) > int(run.get("last_fault_ms") or 0)
            if late and run.get("last_fault_ms"):
                self.found.fail(f"faults.jsonl:{line}", "came after the last fault that run.json names")

    def _lag(self, book: Book) -> None:
        for name, (_, high) in (self.evidence.ends.get("commands") or {}).items():
            decided = book.positions.get(int(name), (0, 0, 0))[1]
            self.found.need(decided == high, f"commands/{name}", f"ends at {high}, decided up to {decided}")
        if not self.evidence.ends.get("commands"):
            self.found.lack("ends.json has no commands")
        rows = self.evidence.table("sql", "projection_offsets")
        if rows is None:
            self.found.lack("sql/projection_offsets.jsonl is missing")
            return
        stored = {row["partition"]: row["next_offset"] for row in rows}
        for partition, (wanted, _, _) in book.positions.items():
            self.found.need(
                stored.get(partition, 0) >= wanted,
                f"events/{partition}",
                f"the views stand at {stored.get(partition)} of {wanted}",
            )


def _age(book: Book, payout: Payout) -> tuple[int, str, int]:
    """Who is first: a row waits since its batch was released, beside the other rows."""
    batch = book.batches.get(payout.batch or "")
    return (payout.at, payout.id, 0) if batch is None else (batch.released_at or 0, batch.id, payout.row or 0)


def _wrong(book: Book, payout: Payout) -> str | None:
    """Why a payout may not be left so, or None."""
    if payout.status in TERMINAL:
        return None
    batch = book.batches.get(payout.batch or "")
    if payout.status == "pending" and batch is not None and batch.phase == "open":
        return None
    if payout.reason is None:
        return f"is {payout.status} and neither ended nor says what it waits for"
    if payout.reason in WAITS_FOR_PEOPLE:
        return None
    if payout.status == "requires_action" and payout.reason == "outcome_unknown":
        return None
    return None if payout.due_at is not None else f"is {payout.status} ({payout.reason}) and nothing will end it"


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I20."""
    return walk(evidence, [Liveness(evidence)])["I20"]

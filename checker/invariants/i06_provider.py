"""I6: the provider paid each payout at most once, what and whom we meant, and nothing for one that failed.

Never before the attempt was durable on the log. An outcome is on the log only as the provider told it; a contradiction must show
as `answer_contradicted`.

Owns the join of the provider's books with the attempts on the log, by reference.
"""

import re

from checker.evidence import Evidence, Record
from checker.fold.attempts import Attempt, Transfer, attempts_of, transfers
from checker.fold.book import Book
from checker.fold.commands import Commands
from checker.fold.names import Json, items
from checker.fold.walk import Watcher, walk
from checker.money import minor
from checker.verdict import Verdict

V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
WORDS = {
    "payouts_completed": "paid",
    "payouts_failed": "failed",
    "retries_scheduled": "failed",
    "attempts_in_progress": "in_progress",
}
NEVER_PAID = frozenset({"failed", "canceled", "rejected"})


class Provider(Watcher):
    """Collects attempts, outcomes and contradictions, then joins the books."""

    name = "I6"

    def __init__(self, evidence: Evidence) -> None:
        """Nothing known yet."""
        super().__init__(evidence)
        self._commands = Commands(evidence)
        self._attempts: dict[str, Attempt] = {}
        self._references: dict[tuple[str, int], str] = {}
        self._shown: set[tuple[str, int, str]] = set()
        self._ended_by: dict[str, int] = {}

    def before(self, book: Book, record: Record, event: Json) -> None:
        """Attempts, the words behind outcomes, contradictions."""
        kind = event.get("type")
        if kind == "attempts_started":
            self._start(book, record, event)
        elif kind == "answer_contradicted":
            self._shown.add((event["payout_id"], event["attempt"], event["answer"]))
        elif kind in WORDS:
            self._judge_word(record, event, WORDS[kind])

    def _start(self, book: Book, record: Record, event: Json) -> None:
        for reference, attempt in attempts_of(book, record, event):
            place = (attempt.payout, attempt.attempt)
            self.found.need(V4.fullmatch(reference) is not None, record.place, f"reference {reference!r} is no UUID v4")
            if self._references.setdefault(place, reference) != reference or reference in self._attempts:
                self.found.fail(record.place, f"payout {place[0]}: attempt {place[1]} has a second reference, or shares one")
            payout = book.payouts[attempt.payout]
            if payout.attempt and not (payout.status == "processing" and payout.reason == "retry"):
                self.found.fail(
                    record.place,
                    f"payout {payout.id}: attempt {attempt.attempt} under a new reference while attempt {payout.attempt} is not "
                    f"definitely over ({payout.status}, {payout.reason})",
                )
            self._attempts[reference] = attempt

    def _judge_word(self, record: Record, event: Json, word: str) -> None:
        command = self._commands.of(record)
        body = command.value.get("body") if command is not None and isinstance(command.value, dict) else None
        told = body.get("answers") or [] if isinstance(body, dict) else []
        said = {(answer["payout_id"], answer["attempt"]) for answer in told if answer.get("outcome") == word}
        for item in items(event):
            self._ended_by[item["payout_id"]] = item["attempt"]
            if (item["payout_id"], item["attempt"]) not in said:
                self.found.fail(
                    record.place, f"payout {item['payout_id']}: {event['type']}, but no answer of this record says {word}"
                )

    def finish(self, book: Book) -> None:
        """Join the books."""
        booked = transfers(self.evidence)
        if booked is None:
            self.found.lack("books.jsonl is missing")
            return
        if not self._attempts:
            self.found.lack("no attempt is on the log")
        paid: dict[str, list[tuple[int, Transfer]]] = {}
        for transfer in booked:
            attempt = self._attempts.get(transfer.reference)
            if attempt is None:
                self.found.fail(transfer.place, f"was asked under {transfer.reference}, which is no attempt on the log")
                continue
            self._judge_transfer(transfer, attempt)
            if transfer.paid_at is not None:
                paid.setdefault(attempt.payout, []).append((attempt.attempt, transfer))
        for payout_id, done in paid.items():
            self._judge_paid(book, payout_id, done)
        self._judge_completed(book, paid)

    def _judge_transfer(self, transfer: Transfer, attempt: Attempt) -> None:
        asked = (minor(transfer.amount, transfer.currency), transfer.currency, transfer.payee)
        meant = (attempt.amount, attempt.currency, attempt.payee)
        self.found.need(asked == meant, transfer.place, f"payout {attempt.payout}: asked for {asked}, meant was {meant}")
        if transfer.received_at < attempt.ts:
            self.found.fail(
                transfer.place,
                f"payout {attempt.payout}: was asked at {transfer.received_at}, attempt {attempt.attempt} is on the log since "
                f"{attempt.ts} ({attempt.place})",
            )

    def _judge_paid(self, book: Book, payout_id: str, done: list[tuple[int, Transfer]]) -> None:
        status = book.payouts[payout_id].status
        ours = self._ended_by.get(payout_id) if status in {"completed", "returned"} else None
        silent = [(n, transfer) for n, transfer in done if (payout_id, n, "paid") not in self._shown]
        self.found.look()
        if len(silent) > 1:
            numbers = [n for n, _ in silent]
            self.found.fail(silent[1][1].place, f"payout {payout_id} was paid {len(silent)} times, by attempts {numbers}")
        for number, transfer in silent:
            if status in NEVER_PAID or (ours is not None and number != ours):
                self.found.fail(
                    transfer.place,
                    f"payout {payout_id} is {status}, the provider paid attempt {number}, and no contradiction shows it",
                )

    def _judge_completed(self, book: Book, paid: dict[str, list[tuple[int, Transfer]]]) -> None:
        for payout in book.payouts.values():
            if payout.status != "completed":
                continue
            number = self._ended_by.get(payout.id, payout.attempt)
            really = any(n == number for n, _ in paid.get(payout.id, ())) or (payout.id, number, "failed") in self._shown
            self.found.need(
                really, f"payout {payout.id}", f"is completed by attempt {number}, which the provider never paid"
            )


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I6."""
    return walk(evidence, [Provider(evidence)])["I6"]

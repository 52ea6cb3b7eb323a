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
from checker.fold.said import Said, Word
from checker.fold.walk import Watcher, walk
from checker.invariants.i06_deposits import Deposits
from checker.invariants.i06_outcomes import Outcomes
from checker.money import minor
from checker.verdict import Verdict

V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
WORDS = {
    "payouts_completed": "paid",
    "payouts_failed": "failed",
    "retries_scheduled": "failed",
    "attempts_in_progress": "in_progress",
}
AGAINST = {"paid": "failed", "failed": "paid"}
"""The word that ended an attempt, to the one that contradicts it."""
HEARD_MS = 5_000
"""A word that the provider gave is on the log so soon, unless a fault came between."""
AFTER_MS, SETTLED_MS = 10_000, 2_000
APART = ("projector", "gateway", "ingest", "postgres", "payouts.")
"""What can be broken without keeping a word of the provider from the log."""
REST_MS = 60_000
"""So long after the last record nobody may ask the provider any more."""
TAKEN_MS = 2000
"""A word that was given so shortly before the last record may have met nobody."""
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
        self._ends: dict[tuple[str, int], tuple[str, int]] = {}
        self._said = Said(evidence)
        self._outcomes = Outcomes(evidence, self.found, self._said)
        self._deposits = Deposits(self.found, self._said)
        self._last = 0
        self._fault_times: list[tuple[int, int]] | None = None
        self._contradictions: list[tuple[str, str, str, int, str]] = []

    def before(self, book: Book, record: Record, event: Json) -> None:
        """Attempts, the words behind outcomes, contradictions."""
        self._last = max(self._last, record.ts)
        self._deposits.note(book, record, event)
        kind = event.get("type")
        if kind == "attempts_started":
            self._start(book, record, event)
        elif kind == "answer_contradicted":
            self._shown.add((event["payout_id"], event["attempt"], event["answer"]))
            told = (event["payout_id"], event["answer"], record.ts, record.place)
            self._contradictions.append((self._references.get((event["payout_id"], event["attempt"]), ""), *told))
        elif kind in WORDS:
            self._judge_word(record, event, WORDS[kind])
            self._outcomes.note(record, event)

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
            if word in AGAINST:
                self._ends.setdefault((item["payout_id"], item["attempt"]), (word, record.ts))
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
            if attempt is None and self._deposits.holds(transfer.reference):
                continue
            if attempt is None:
                self.found.fail(transfer.place, f"was asked under {transfer.reference}, which is no attempt on the log")
                continue
            self._judge_transfer(transfer, attempt)
            if transfer.paid_at is not None:
                paid.setdefault(attempt.payout, []).append((attempt.attempt, transfer))
        for payout_id, done in paid.items():
            self._judge_paid(book, payout_id, done)
        self._judge_completed(book, paid)
        by_reference = {transfer.reference: transfer for transfer in booked}
        self._deposits.judge(booked)
        self._outcomes.judge(book, self._references, by_reference, self._shown)
        if self._said.known:
            self._judge_contradictions(by_reference)
        else:
            self._silent_books()

    def _silent_books(self) -> None:
        """Older books kept no words; a harness that says what it owes has a provider that keeps them."""
        what = "books.jsonl keeps no table 'said': contradictions are taken from the log alone"
        if "owed" in (self.evidence.run or {}):
            self.found.lack(what)
        else:
            self.found.part(what)

    def _judge_transfer(self, transfer: Transfer, attempt: Attempt) -> None:
        asked = (minor(transfer.amount, transfer.currency), transfer.currency, transfer.payee)
        meant = (attempt.amount, attempt.currency, attempt.payee)
        self.found.need(asked == meant, transfer.place, f"payout {attempt.payout}: asked for {asked}, meant was {meant}")
        if transfer.received_at > self._last + REST_MS:
            self.found.fail(
                transfer.place, f"payout {attempt.payout}: was asked at {transfer.received_at}, behind the end of the run"
            )
        if transfer.received_at < attempt.ts:
            self.found.fail(
                transfer.place,
                f"payout {attempt.payout}: was asked at {transfer.received_at}, attempt {attempt.attempt} is on the log since "
                f"{attempt.ts} ({attempt.place})",
            )

    def _judge_paid(self, book: Book, payout_id: str, done: list[tuple[int, Transfer]]) -> None:
        status = book.payouts[payout_id].status
        ours = self._ended_by.get(payout_id) if status in {"completed", "returned"} else None
        silent = [(n, transfer) for n, transfer in done if not self._excused(payout_id, n, transfer)]
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

    def _excused(self, payout_id: str, number: int, transfer: Transfer) -> bool:
        """A payment that we could not know of: the provider itself has said that it failed, and another time that it is paid."""
        if not self._said.known:
            return (payout_id, number, "paid") in self._shown
        word, ended = self._ends.get((payout_id, number), ("", 0))
        both = self._said.says(transfer.reference, "failed", ended) and self._said.says(transfer.reference, "paid")
        return word == "failed" and both

    def _judge_contradictions(self, booked: dict[str, Transfer]) -> None:
        """What we call a contradiction was said; what was said against the end of a payout is shown as one."""
        for reference, payout_id, answer, at, place in self._contradictions:
            self.found.need(
                self._said.says(reference, answer, at), place, f"payout {payout_id}: the provider never said {answer}"
            )
        for (payout_id, number), (first, ended) in self._ends.items():
            against, reference = AGAINST[first], self._references.get((payout_id, number), "")
            late = [word for word in self._said.words(reference) if word.status == against and word.at > ended]
            heard = [word for word in late if not self._disturbed(booked.get(reference), word)]
            if heard and (payout_id, number, against) not in self._shown:
                self.found.fail(
                    f"payout {payout_id}",
                    f"attempt {number} ended {first} at {ended}, the provider said {against} at {heard[0].at}, and no contradiction "
                    "shows it",
                )

    def _disturbed(self, transfer: Transfer | None, word: Word) -> bool:
        """Whether this word may have been cut off: by a fault between request and answer, or because the run came to rest."""
        if word.at + TAKEN_MS > self._last:
            return True
        asked = word.at if transfer is None or word.call != "send" else transfer.received_at
        return any(since <= word.at + HEARD_MS and until >= asked for since, until in self._faults())

    def _faults(self) -> list[tuple[int, int]]:
        """When something was broken that keeps words from the log.

        A broker that is back may still end a process a little later. Of rails that died the group hears twice: when they are back,
        and when the session of those that died is over; each time partitions change hands, and calls under way are let go of.
        """
        if self._fault_times is None:
            self._fault_times = []
            for row in self.evidence.rows("faults") or ():
                target, began = str(row.get("target") or ""), int(row.get("t") or 0)
                if not target.startswith(APART):
                    after = AFTER_MS if "kafka" in target or target.startswith("rails") else SETTLED_MS
                    self._fault_times.append((began, int(row.get("healed") or began) + after))
        return self._fault_times

    def _judge_completed(self, book: Book, paid: dict[str, list[tuple[int, Transfer]]]) -> None:
        for payout in book.payouts.values():
            if payout.status != "completed":
                continue
            number = self._ended_by.get(payout.id, payout.attempt)
            really = any(n == number for n, _ in paid.get(payout.id, ())) or self._said_paid(payout.id, number)
            self.found.need(
                really, f"payout {payout.id}", f"is completed by attempt {number}, which the provider never paid"
            )
            if really and self._said.known:
                self._judge_in_time(payout.id, number)

    def _judge_in_time(self, payout_id: str, number: int) -> None:
        """Nobody knows of a payment before the provider says so."""
        reference, (_, ended) = self._references.get((payout_id, number), ""), self._ends.get((payout_id, number), ("", 0))
        self.found.need(
            self._said.says(reference, "paid", ended),
            f"payout {payout_id}",
            f"attempt {number} is completed at {ended}, and the provider had not said so by then",
        )

    def _said_paid(self, payout_id: str, number: int) -> bool:
        """Whether the provider said that it paid what its books do not have as paid."""
        if self._said.known:
            reference, ended = (
                self._references.get((payout_id, number), ""),
                self._ends.get((payout_id, number), ("", None))[1],
            )
            return self._said.says(reference, "paid", ended) and self._said.says(reference, "failed")
        return (payout_id, number, "failed") in self._shown


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I6."""
    return walk(evidence, [Provider(evidence)])["I6"]

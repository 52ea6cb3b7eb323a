"""I7: what the ledger says was paid is what the provider's statement says, per provider, currency and day.

Every item that is open is shown as one: a payout that visibly waits for its answer, or a contradiction.

Owns the reconciliation: clearing account, completed payouts, statement, and the SQL balance.
"""

from collections import Counter
from datetime import UTC, datetime

from checker.evidence import Evidence, Record
from checker.fold.accounts import Settled, opened, settled
from checker.fold.attempts import Attempt, Transfer, attempts_of, transfers
from checker.fold.book import Book
from checker.fold.names import Json, items
from checker.fold.walk import Watcher, walk
from checker.money import minor
from checker.verdict import Verdict

Sums = Counter[tuple[str, str, str]]
"""(provider, currency, day) to minor units."""


class Statement(Watcher):
    """Three ways of adding up what was paid."""

    name = "I7"

    def __init__(self, evidence: Evidence) -> None:
        """Nothing added yet."""
        super().__init__(evidence)
        self._attempts: dict[str, Attempt] = {}
        self._by: dict[str, tuple[int, int]] = {}
        self._cleared: Counter[tuple[str, str]] = Counter()
        self._completed: Counter[tuple[str, str]] = Counter()
        self._shown: set[tuple[str, int]] = set()
        self._deposits: dict[str, Settled | None] = {}
        self._stated: set[str] = set()

    def before(self, book: Book, record: Record, event: Json) -> None:
        """Attempts, completions and contradictions."""
        self._note_deposits(book, record, event)
        kind = event.get("type")
        if kind == "attempts_started":
            self._attempts.update(attempts_of(book, record, event))
        elif kind == "answer_contradicted":
            self._shown.add((event["payout_id"], event["attempt"]))
        elif kind == "payouts_completed":
            for item in items(event):
                payout = book.payouts.get(item["payout_id"])
                if payout is not None:
                    self._by[payout.id] = (item["attempt"], record.value["at"])
                    self._completed[event["provider"], payout.currency] += payout.amount
        for leg in event.get("postings") or ():
            if leg["account"].startswith("clearing:"):
                self._cleared[leg["account"].removeprefix("clearing:"), leg["currency"]] += leg["amount_minor"]

    def _note_deposits(self, book: Book, record: Record, event: Json) -> None:
        """Deposits that verify accounts are paid by the house through the same clearing account."""
        self._deposits.update(dict.fromkeys(reference for reference, _ in opened(record, event)))
        for one in settled(book, record, event):
            self._deposits[one.reference] = one
            if one.status == "paid":
                self._completed[one.provider, one.currency] += one.amount

    def finish(self, book: Book) -> None:
        """Reconcile."""
        for place in sorted(self._cleared.keys() | self._completed.keys()):
            cleared, completed = self._cleared[place], self._completed[place]
            self.found.need(
                cleared == completed,
                f"clearing:{place[0]}",
                f"{cleared} {place[1]} cleared, completed payouts are {completed}",
            )
        self._against_rows()
        self._against_statement(book)

    def _against_rows(self) -> None:
        rows = self.evidence.table("sql", "balances")
        if rows is None:
            self.found.lack("sql/balances.jsonl is missing")
            return
        stored: Counter[tuple[str, str]] = Counter()
        for row in rows:
            if row["account"].startswith("clearing:"):
                stored[row["account"].removeprefix("clearing:"), row["currency"]] += row["balance_minor"]
        for place in sorted(self._cleared.keys() | stored.keys()):
            self.found.need(
                stored[place] == self._cleared[place],
                f"sql/balances clearing:{place[0]}",
                f"is {stored[place]} {place[1]}, the log gives {self._cleared[place]}",
            )

    def _against_statement(self, book: Book) -> None:
        booked = transfers(self.evidence)
        if booked is None:
            self.found.lack("books.jsonl is missing")
            return
        statement: Sums = Counter()
        ledger: Sums = Counter()
        matched: set[str] = set()
        for transfer in booked:
            attempt = self._attempts.get(transfer.reference)
            if transfer.paid_at is None:
                continue
            if transfer.reference in self._deposits:
                self._deposit_against_statement(transfer, statement, ledger)
                continue
            if attempt is None:
                self.found.fail(transfer.place, "an item of the statement that the ledger knows nothing of")
                continue
            day = (attempt.provider, attempt.currency, _day(transfer.paid_at))
            statement[day] += attempt.amount
            if self._by.get(attempt.payout, (0, 0))[0] == attempt.attempt:
                ledger[day] += attempt.amount
                matched.add(attempt.payout)
            elif self._is_open_item(book, attempt):
                ledger[day] += attempt.amount
        self._unmatched(book, matched, ledger)
        for day in sorted(statement.keys() | ledger.keys()):
            self.found.need(
                statement[day] == ledger[day],
                "/".join(day),
                f"the statement has {statement[day]}, the ledger and its shown open items {ledger[day]}",
            )

    def _deposit_against_statement(self, transfer: Transfer, statement: Sums, ledger: Sums) -> None:
        """A deposit that is paid there is paid with us, or still shown as sent."""
        known, amount = self._deposits[transfer.reference], minor(transfer.amount, transfer.currency) or 0
        day = (known.provider if known is not None else "", transfer.currency, _day(transfer.paid_at or 0))
        statement[day] += amount
        if known is None or known.status == "paid":
            ledger[day] += amount if known is None else known.amount
        self._stated.add(transfer.reference)

    def _is_open_item(self, book: Book, attempt: Attempt) -> bool:
        """Paid, and not settled with us: either it visibly waits, or a contradiction says so."""
        payout = book.payouts[attempt.payout]
        waits = payout.attempt == attempt.attempt and (
            payout.status == "requires_action" or (payout.status == "processing" and payout.reason == "in_progress")
        )
        return waits or (attempt.payout, attempt.attempt) in self._shown

    def _unmatched(self, book: Book, matched: set[str], ledger: Sums) -> None:
        """Settled with us and not on the statement: counted on the day we settled it, unless a contradiction shows it."""
        for payout_id, (number, at) in self._by.items():
            payout = book.payouts[payout_id]
            if payout_id not in matched and (payout_id, number) not in self._shown:
                ledger[payout.provider or "", payout.currency, _day(at)] += payout.amount
        for reference, one in self._deposits.items():
            if one is not None and one.status == "paid" and reference not in self._stated:
                ledger[one.provider, one.currency, _day(one.at)] += one.amount


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I7."""
    return walk(evidence, [Statement(evidence)])["I7"]

"""I6, the deposits that verify accounts: each asked for once, as it stands on the log, and settled only as the provider's books have it.

Owns the join of the books with these deposits, by reference. Payouts are for Provider.
"""

from checker.evidence import Record
from checker.fold.accounts import Deposit, Settled, opened, settled
from checker.fold.attempts import Transfer
from checker.fold.book import Book
from checker.fold.names import Json
from checker.fold.said import Said
from checker.money import minor
from checker.verdict import Findings


class Deposits:
    """Collects deposits along the log, then joins the books."""

    def __init__(self, found: Findings, said: Said) -> None:
        """Nothing known yet."""
        self._found, self._said = found, said
        self._open: dict[str, Deposit] = {}
        self._settled: list[Settled] = []

    def note(self, book: Book, record: Record, event: Json) -> None:
        """An event comes; nothing of it is in the book yet."""
        for reference, deposit in opened(record, event):
            self._found.need(reference not in self._open, record.place, f"a second deposit has the reference {reference!r}")
            self._open[reference] = deposit
        self._settled += settled(book, record, event)

    def holds(self, reference: str) -> bool:
        """Whether this is the reference of a deposit."""
        return reference in self._open

    def judge(self, booked: list[Transfer]) -> None:
        """Join the books."""
        by_reference = {transfer.reference: transfer for transfer in booked}
        for reference, deposit in self._open.items():
            transfer = by_reference.get(reference)
            if transfer is not None:
                self._judge_transfer(transfer, deposit)
        for one in self._settled:
            self._judge_settled(one, by_reference.get(one.reference))

    def _judge_transfer(self, transfer: Transfer, deposit: Deposit) -> None:
        asked = (minor(transfer.amount, transfer.currency), transfer.currency, transfer.payee)
        meant = (deposit.amount, deposit.currency, deposit.payee)
        where = f"deposit {deposit.number} to {deposit.account}"
        self._found.need(
            asked == meant, transfer.place, f"{where}: asked for {asked[:2]}, meant was {meant[:2]}, or another payee"
        )
        in_time = transfer.received_at >= deposit.ts
        self._found.need(in_time, transfer.place, f"{where}: was asked for before it was on the log ({deposit.place})")

    def _judge_settled(self, one: Settled, transfer: Transfer | None) -> None:
        where = f"the deposit under {one.reference} is {one.status}"
        if transfer is None:
            self._found.fail(one.place, f"{where}, and the provider never heard of it")
            return
        really = transfer.paid(one.ts) if one.status == "paid" else transfer.failed(one.ts)
        told = self._said.says(one.reference, one.status, one.ts)
        self._found.need(really or told, one.place, f"{where}, the books say {transfer.status} ({transfer.place})")
        if one.status == "paid":
            self._found.need(
                one.provider_reference == transfer.provider_reference,
                one.place,
                f"{where} as {one.provider_reference!r}, the books have {transfer.provider_reference!r}",
            )

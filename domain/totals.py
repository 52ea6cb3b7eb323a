"""Counting how a batch's totals change, one pass per event.

Owns signed counts and sums per state and currency. Must not know why a row moved.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from domain.payout.state import Payout
from schemas.events import TotalsDelta
from schemas.forms import PayoutForm
from schemas.words import PayoutStatus

_cell = attrgetter("status", "currency")
_currency = attrgetter("currency")


class Totals:
    """Collects moves of rows and gives them as deltas, in a fixed order, without zeros."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._cells: dict[tuple[PayoutStatus, str], tuple[int, int]] = {}

    def add(self, status: PayoutStatus, currency: str, count: int, amount_minor: int) -> None:
        """Count signed rows and minor units in one state."""
        counted, summed = self._cells.get((status, currency), (0, 0))
        self._cells[status, currency] = (counted + count, summed + amount_minor)

    def move(self, origin: PayoutStatus, target: PayoutStatus, currency: str, amount_minor: int) -> None:
        """One row of `amount_minor` went from one state to another; to the same state is no move."""
        if origin is not target:
            self.add(origin, currency, -1, -amount_minor)
            self.add(target, currency, 1, amount_minor)

    def move_all(self, payouts: Iterable[Payout], target: PayoutStatus) -> None:
        """The same for many, a run of the same state and currency at a time: a file's rows are one run."""
        for (origin, currency), run in groupby(payouts, _cell):
            amounts = [payout.amount_minor for payout in run]
            if origin is not target:
                self.add(origin, currency, -len(amounts), -sum(amounts))
                self.add(target, currency, len(amounts), sum(amounts))

    def add_all(self, forms: Iterable[PayoutForm], status: PayoutStatus) -> None:
        """Rows that come into being in one state."""
        for currency, run in groupby(forms, _currency):
            amounts = [form.amount_minor for form in run]
            self.add(status, currency, len(amounts), sum(amounts))

    def deltas(self) -> list[TotalsDelta]:
        """What changed, ordered by state and currency."""
        return [
            TotalsDelta(status=status, currency=currency, count=count, amount_minor=amount)
            for (status, currency), (count, amount) in sorted(self._cells.items())
            if count or amount
        ]

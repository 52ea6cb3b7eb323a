"""Payouts that wait for funds: first in, first out, and no one overtakes (LIF-04, OPS-05).

Owns who gets the hold when money becomes available. Must not know why money became available, or how the queues are kept
(`domain.payout.queues`).
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from domain.book import Waiter
from domain.case import Case
from domain.ledger import postings
from domain.payout.queues import members, place_of
from domain.payout.state import Payout
from schemas.events import FundedPayout, PayoutsFunded, RowRun
from schemas.words import AVAILABLE, Reason

FUNDED_MAX = 5000
"""At most this many payouts and runs of rows in one event, to keep the record small; the rest are funded by the next change of the
balance."""


class Turn(Struct, frozen=True, kw_only=True):
    """What one command does to a queue beside giving it money.

    `changed` maps a payout to its new total, or to 0 if it left; `joining` enters this queue by the same command; the rows of the batch
    `without` left it.
    """

    changed: dict[str, int] = {}
    joining: Payout | None = None
    without: str | None = None


NOBODY = Turn()


def fund_waiting(case: Case, currency: str, freed_minor: int, turn: Turn = NOBODY) -> list[PayoutsFunded]:
    """The event that funds those who now fit, or none. `freed_minor` is what the command's earlier events add to `available`."""
    queue: Sequence[Waiter] = case.book.waiting.get((case.merchant_id, currency), ())
    if not queue and turn.joining is None:
        return []
    available = case.book.balance(case.merchant_id, currency, AVAILABLE) + freed_minor
    funded, total = _Funded(case.now, currency), 0
    for payout in _line(case, queue, currency, turn):
        need = turn.changed.get(payout.id, payout.amount_minor + payout.fee_minor)
        if total + need > available or funded.is_full:
            break
        if need:
            funded.take(payout, edited=payout.id in turn.changed)
            total += need
    return funded.events(total)


def is_funded(event: PayoutsFunded, payout: Payout) -> bool:
    """Whether the event is about this row of a batch, which waits for funds."""
    row = payout.row or 0
    return any(
        (run.batch_id, run.currency) == (payout.batch_id, payout.currency) and run.first_row <= row <= run.last_row
        for run in event.runs
    )


def _line(case: Case, queue: Sequence[Waiter], currency: str, turn: Turn) -> Iterator[Payout]:
    """All who wait, in order, with the one that joins at its place by age."""
    joining = turn.joining
    known = place_of(case.book, joining) if joining is not None else None
    for waiter in queue:
        if waiter.id == turn.without:
            continue
        for payout in members(case.book, waiter, currency):
            if joining is not None and known is not None and (known.since, joining.id) < (waiter.since, payout.id):
                yield joining
                joining = None
            yield payout
    if joining is not None:
        yield joining


class _Funded:
    """Those who got their hold, in order: payouts of their own one by one, rows in runs."""

    def __init__(self, now: int, currency: str) -> None:
        self._now, self._currency = now, currency
        self._payouts: list[FundedPayout] = []
        self._runs: list[RowRun] = []

    @property
    def is_full(self) -> bool:
        return len(self._payouts) + len(self._runs) >= FUNDED_MAX

    def take(self, payout: Payout, *, edited: bool) -> None:
        if payout.batch_id is None:
            reason = Reason.SCHEDULE if payout.due_at is not None and payout.due_at > self._now else None
            version = payout.version + (2 if edited else 1)
            self._payouts.append(FundedPayout(payout_id=payout.id, version=version, reason=reason))
        else:
            self._take_row(payout.batch_id, payout.row or 0)

    def _take_row(self, batch_id: str, row: int) -> None:
        last = self._runs[-1] if self._runs and self._runs[-1].batch_id == batch_id else None
        first, count = (last.first_row, last.count) if last is not None else (row, 0)
        if last is not None:
            self._runs.pop()
        run = RowRun(batch_id=batch_id, currency=self._currency, first_row=first, last_row=row, count=count + 1)
        self._runs.append(run)

    def events(self, total: int) -> list[PayoutsFunded]:
        if not self._payouts and not self._runs:
            return []
        legs = postings.hold(total, self._currency)
        return [PayoutsFunded(payouts=self._payouts, postings=legs, runs=self._runs)]

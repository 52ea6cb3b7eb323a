"""Which rows of a batch the balance covers when it is funded as available (BAT-10).

Owns the cut: per currency the rows are covered in their order until one does not fit; that one and all after it wait, since no one
overtakes. Where others wait already, all of the batch's rows wait behind them. Must not know how they are funded later.
"""

from msgspec import Struct

from domain.book import Batch
from domain.case import Case
from schemas.events import RowRun
from schemas.words import AVAILABLE


class Cover(Struct, frozen=True, kw_only=True):
    """Currency to minor units that are held, and the rows that wait: one run for each currency that is short."""

    held_minor: dict[str, int]
    waiting: list[RowRun] = []


def covered_rows(case: Case, batch: Batch) -> Cover:
    """The cover of a batch that adds up."""
    free = {currency: _free(case, currency) for currency in sorted(batch.sums_minor)}
    short = {currency for currency, total in batch.sums_minor.items() if total > free[currency]}
    held = {currency: (0 if currency in short else total) for currency, total in batch.sums_minor.items()}
    return Cover(held_minor=held, waiting=_cut(case, batch, short, free, held)) if short else Cover(held_minor=held)


def _free(case: Case, currency: str) -> int:
    queued = bool(case.book.waiting.get((case.merchant_id, currency)))
    return 0 if queued else case.book.balance(case.merchant_id, currency, AVAILABLE)


def _cut(case: Case, batch: Batch, short: set[str], free: dict[str, int], held: dict[str, int]) -> list[RowRun]:
    """Go through the rows until each currency of `short` has met one that does not fit; `held` gains what fits."""
    fitting = dict.fromkeys(short, 0)
    first_row: dict[str, int] = {}
    for payout in case.book.payouts.rows(batch.id, 1, batch.row_count):
        currency, need = payout.currency, payout.amount_minor + payout.fee_minor
        if currency not in short or currency in first_row:
            continue
        if held[currency] + need <= free[currency]:
            held[currency] += need
            fitting[currency] += 1
        else:
            first_row[currency] = payout.row or 0
            if len(first_row) == len(short):
                break
    return [
        RowRun(
            batch_id=batch.id,
            currency=currency,
            first_row=row,
            last_row=batch.row_count,
            count=batch.counts[currency] - fitting[currency],
        )
        for currency, row in sorted(first_row.items())
    ]

"""Rows of batches that stand in the views as they were accepted: most of what is open after a large file, so they go into the book in runs.

Owns which rows those are, and that a run of them comes out as it would have row by row. Must not know how the book packs them, or when
it is loaded.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import orjson
from msgspec import structs

from domain.payout.open_payouts import OpenPayouts
from domain.payout.state import Payout
from schemas.forms import PayoutForm
from schemas.ids import row_prefix

Columns = tuple[Any, ...]
"""The values of `rows.PAYOUT_COLUMNS`, which are the fields of a payout in their order."""

_ID, _MERCHANT, _AMOUNT, _CURRENCY, _CREATED, _UPDATED, _STATUS = range(7)
_BATCH, _ROW, _REFERENCE, _RECIPIENT, _ACCOUNT, _DESCRIPTION, _MOVED = range(9, 16)
_BORN = structs.astuple(Payout(id="", merchant_id="", amount_minor=0, currency="", created_at=0, updated_at=0))

Run = tuple[str, str, int, int]
"""What consecutive rows have in common: their batch, its merchant, when they were accepted, and the place of their row 0."""


def lay(payouts: OpenPayouts, page: Sequence[Columns]) -> list[Columns]:
    """Put the accepted rows of a page, which is ordered by id, among the payouts; what is left of the page is returned."""
    left: list[Columns] = []
    for run, numbered in groupby(enumerate(page), _run_of):
        found = [columns for _, columns in numbered]
        if run is None:
            left += found
        else:
            batch_id, merchant_id, at, _ = run
            payouts.add_rows(batch_id, merchant_id, found[0][_ROW], _forms(found), at)
    return left


def _run_of(numbered: tuple[int, Columns]) -> Run | None:
    place, columns = numbered
    if not _as_accepted(columns):
        return None
    return columns[_BATCH], columns[_MERCHANT], columns[_CREATED], place - columns[_ROW]


def _as_accepted(columns: Columns) -> bool:
    """Whether its batch, its form and its time say all of it, its id too."""
    batch_id, row = columns[_BATCH], columns[_ROW]
    as_born = columns[_MOVED:] == _BORN[_MOVED:] and columns[_STATUS:_BATCH] == _BORN[_STATUS:_BATCH]
    if batch_id is None or row is None or not as_born:
        return False
    return bool(columns[_CREATED] == columns[_UPDATED] and columns[_ID] == f"{row_prefix(batch_id)}{row:08x}")


def _forms(run: Iterable[Columns]) -> list[PayoutForm]:
    return [
        PayoutForm(
            amount_minor=columns[_AMOUNT],
            currency=columns[_CURRENCY],
            recipient=orjson.loads(columns[_RECIPIENT]) if columns[_RECIPIENT] else None,
            bank_account_id=columns[_ACCOUNT],
            reference=columns[_REFERENCE],
            description=columns[_DESCRIPTION],
        )
        for columns in run
    ]

"""Rows of a batch in JSON, read: all of them, or those that are valid (BAT-01, BAT-08, BAT-09).

Owns what of a payout request only its batch can say. Rows are payout requests like any other; how one is read is told in `payout`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.intake.faults import Fault, under
from domain.intake.payout import PayoutRequest, read_payout
from domain.intake.valid_rows import ValidRows, valid_rows
from schemas.currencies import Currencies
from schemas.forms import PayoutForm
from schemas.ids import is_merchant_id
from schemas.words import OnInvalidRows

ROW_FAULTS_MAX = 1000


class Rows(NamedTuple):
    """Rows that go, and what is wrong; `valid` where others stay out."""

    forms: list[PayoutForm]
    faults: list[Fault]
    valid: ValidRows | None = None


NONE = Rows([], [])


def rows_as_said(raw: Mapping[str, object], currencies: Currencies, most: int, owner: str | None) -> Rows:
    """All rows, or their faults; with `accept_valid` those that are valid, if any is."""
    rows = raw.get("rows")
    if raw.get("on_invalid_rows") == OnInvalidRows.ACCEPT_VALID and isinstance(rows, list) and 1 <= len(rows) <= most:
        valid = valid_rows(rows, lambda row: _form(row, currencies, owner))
        if valid.good:
            return Rows(list(valid.good.values()), [], valid)
    return Rows(*_rows(rows, currencies, most, owner))


def _form(row: object, currencies: Currencies, owner: str | None) -> PayoutForm | list[Fault]:
    read = of_batch(read_payout(row, currencies=currencies), row, owner)
    return read.form if isinstance(read, PayoutRequest) else read


def _rows(raw: object, currencies: Currencies, most: int, owner: str | None) -> tuple[list[PayoutForm], list[Fault]]:
    if not isinstance(raw, list):
        return [], [Fault(pointer="", detail="must be a list of payout requests")]
    if not 1 <= len(raw) <= most:
        return [], [Fault(pointer="", detail=f"must have 1 to {most} rows; it has {len(raw)}")]
    forms: list[PayoutForm] = []
    faults: list[Fault] = []
    untold = 0
    for index, row in enumerate(raw):
        read = _form(row, currencies, owner)
        if isinstance(read, PayoutForm):
            forms.append(read)
        elif len(faults) < ROW_FAULTS_MAX:
            faults += under(f"/{index}", read)
        else:
            untold += 1
    if untold:
        faults.append(Fault(pointer="", detail=f"{untold} more rows are not valid; they are told once these are put right"))
    return forms, faults


def of_batch(read: PayoutRequest | list[Fault], row: object, owner: str | None) -> PayoutRequest | list[Fault]:
    """What was read of the row, unless it says what only its batch can: another merchant, or a choice of its own without money."""
    if not isinstance(row, Mapping):
        return read
    faults = [*_owner_faults(row, owner), *_choice_faults(row)]
    return [*(read if isinstance(read, list) else []), *faults] if faults else read


def _owner_faults(row: Mapping[str, object], owner: str | None) -> list[Fault]:
    """One row belongs to another merchant than its batch (BAT-01)."""
    named = row.get("merchant_id")
    if named == owner or not isinstance(named, str) or not is_merchant_id(named):
        return []
    detail = "differs from the batch's merchant" if owner else "says whose one row is; say whose the batch is, beside rows"
    return [Fault(pointer="/merchant_id", detail=detail)]


def _choice_faults(row: Mapping[str, object]) -> list[Fault]:
    """A row would not be paid as it asks (BAT-10)."""
    if row.get("on_insufficient_funds") is None:
        return []
    return [
        Fault(pointer="/on_insufficient_funds", detail="is for one payout; of a batch say it with funding, for all rows")
    ]

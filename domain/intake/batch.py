"""A batch and chunks of its rows, read (BAT-01, BAT-02, BAT-07, BAT-10).

Owns options, declaration and rows of the JSON forms. Rows are payout requests like any other.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from domain.intake.amounts import currency_fault
from domain.intake.faults import Fault, under
from domain.intake.payout import PayoutRequest, field_faults, read_payout
from domain.intake.text import REFERENCE_MAX, VALUE_MAX, choice_fault, text_fault
from domain.intake.valid_rows import ValidRows, valid_rows
from domain.intake.versions import version_faults
from schemas.commands import CHUNK_ROWS_MAX
from schemas.currencies import Currencies
from schemas.forms import BatchDeclaration, PayoutForm
from schemas.ids import BATCH_ROWS_MAX, is_merchant_id
from schemas.money import MoneyError, parse_amount
from schemas.words import Funding, OnInvalidRows, OnRowFailure

FIELDS = frozenset({"name", "reference", "funding", "on_row_failure", "on_invalid_rows", "declared", "rows", "merchant_id"})
ROWS_FIELDS = frozenset({"rows", "first_row", "on_invalid_rows"})
ROW_FAULTS_MAX = 1000


class BatchRequest(Struct, frozen=True, kw_only=True):
    """A valid batch. `rows` is None when none were sent: the batch is opened to be filled by chunks.

    `valid`: the rows are those that go by themselves, the others stay out (BAT-09).
    """

    name: str | None = None
    reference: str | None = None
    funding: Funding = Funding.ALL_OR_NOTHING
    on_row_failure: OnRowFailure = OnRowFailure.CONTINUE
    declaration: BatchDeclaration | None = None
    rows: list[PayoutForm] | None = None
    valid: ValidRows | None = None
    merchant_id: str | None = None


class RowsRequest(Struct, frozen=True, kw_only=True):
    """A valid chunk. `first_row` is None when the client did not number it; `valid` as of a batch."""

    rows: list[PayoutForm]
    first_row: int | None = None
    valid: ValidRows | None = None


class SealRequest(Struct, frozen=True, kw_only=True):
    """A valid seal: what the batch is declared to add up to, and the version that was seen."""

    declaration: BatchDeclaration | None = None
    expected_version: int | None = None


def read_batch(raw: object, *, currencies: Currencies, owner: str | None = None) -> BatchRequest | list[Fault]:
    """The batch, or all its faults. `owner` is whose it is, as far as that is known without its content."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = [*field_faults(raw, FIELDS), *_option_faults(raw)]
    declaration = read_declaration(raw.get("declared"), currencies)
    if isinstance(declaration, list):
        faults += under("/declared", declaration)
    whose = owner or _text(raw, "merchant_id")
    rows = _rows_as_said(raw, currencies, BATCH_ROWS_MAX, whose) if "rows" in raw else _NONE
    faults += under("/rows", rows.faults)
    if faults or isinstance(declaration, list):
        return faults
    return BatchRequest(
        name=_text(raw, "name"),
        reference=_text(raw, "reference"),
        funding=Funding(str(raw.get("funding", Funding.ALL_OR_NOTHING))),
        on_row_failure=OnRowFailure(str(raw.get("on_row_failure", OnRowFailure.CONTINUE))),
        declaration=declaration,
        rows=rows.forms if "rows" in raw else None,
        valid=rows.valid,
        merchant_id=_text(raw, "merchant_id"),
    )


def read_rows(raw: object, *, currencies: Currencies, owner: str | None = None) -> RowsRequest | list[Fault]:
    """A chunk of up to CHUNK_ROWS_MAX rows, or all its faults; `owner` as of a batch."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be a JSON object such as {"rows": [...]}')]
    faults = [*field_faults(raw, ROWS_FIELDS), *_invalid_rows_faults(raw)]
    first = raw.get("first_row")
    if first is not None and (isinstance(first, bool) or not isinstance(first, int) or not 1 <= first <= BATCH_ROWS_MAX):
        faults.append(Fault(pointer="/first_row", detail=f"must be an integer from 1 to {BATCH_ROWS_MAX}"))
    rows = _rows_as_said(raw, currencies, CHUNK_ROWS_MAX, owner)
    faults += under("/rows", rows.faults)
    if faults:
        return faults
    return RowsRequest(rows=rows.forms, first_row=first if isinstance(first, int) else None, valid=rows.valid)


def read_seal(raw: object, *, currencies: Currencies) -> SealRequest | list[Fault]:
    """The body of a seal, which may be left out; or all its faults."""
    if raw is None:
        return SealRequest()
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = [*field_faults(raw, frozenset({"declared", "expected_version"})), *version_faults(raw)]
    declaration = read_declaration(raw.get("declared"), currencies)
    if isinstance(declaration, list):
        return [*faults, *under("/declared", declaration)]
    version = raw.get("expected_version")
    return faults or SealRequest(declaration=declaration, expected_version=version if isinstance(version, int) else None)


def read_declaration(raw: object, currencies: Currencies) -> BatchDeclaration | list[Fault] | None:
    """`{"row_count": 3, "sums": {"USD": "12.50"}}`; either part may be left out."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be an object such as {"row_count": 3, "sums": {"USD": "12.50"}}')]
    faults = field_faults(raw, frozenset({"row_count", "sums"}))
    count, sums = raw.get("row_count"), raw.get("sums")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        faults.append(Fault(pointer="/row_count", detail="must be an integer from 0"))
    minors: dict[str, int] = {}
    if sums is not None:
        faults += _read_sums(sums, currencies, minors)
    if faults:
        return faults
    return BatchDeclaration(count=count if isinstance(count, int) else None, sums_minor=minors if sums is not None else None)


def _read_sums(sums: object, currencies: Currencies, into: dict[str, int]) -> list[Fault]:
    if not isinstance(sums, Mapping):
        return [Fault(pointer="/sums", detail='must map currency to a decimal string, such as {"USD": "12.50"}')]
    faults = []
    for currency, amount in sums.items():
        fault = currency_fault(currency, currencies)
        if fault is not None:
            faults.append(Fault(pointer=f"/sums/{str(currency)[:16]}", detail=fault.detail))
            continue
        try:
            into[currency] = _sum(amount, currency)
        except MoneyError as error:
            faults.append(Fault(pointer=f"/sums/{currency}", detail=str(error)))
    return faults


def _sum(amount: object, currency: str) -> int:
    """A sum may be larger than one payout: it is read in parts of what a payout may be."""
    if not isinstance(amount, str) or type(amount) is not str:
        raise MoneyError("must be a decimal string")
    whole, point, decimals = amount.partition(".")
    if len(whole) <= 9:
        return parse_amount(amount, currency)
    if len(whole) > 15 or not whole.isascii() or not whole.isdigit():
        raise MoneyError("must be a decimal string of at most 15 digits before the point")
    unit = parse_amount("1", currency)
    tail = parse_amount(f"1{point}{decimals}", currency) - unit
    return int(whole) * unit + tail


class _Rows(NamedTuple):
    forms: list[PayoutForm]
    faults: list[Fault]
    valid: ValidRows | None = None


_NONE = _Rows([], [])


def _rows_as_said(raw: Mapping[str, object], currencies: Currencies, most: int, owner: str | None) -> _Rows:
    """All rows, or their faults; with `accept_valid` those that are valid, if any is."""
    rows = raw.get("rows")
    if raw.get("on_invalid_rows") == OnInvalidRows.ACCEPT_VALID and isinstance(rows, list) and 1 <= len(rows) <= most:
        valid = valid_rows(rows, lambda row: _form(row, currencies, owner))
        if valid.good:
            return _Rows(list(valid.good.values()), [], valid)
    return _Rows(*_rows(rows, currencies, most, owner))


def _form(row: object, currencies: Currencies, owner: str | None) -> PayoutForm | list[Fault]:
    read = of_batch(read_payout(row, currencies=currencies), row, owner)
    return read.form if isinstance(read, PayoutRequest) else read


def _invalid_rows_faults(raw: Mapping[str, object]) -> list[Fault]:
    """An unknown word, or one for rows that are not here."""
    said = raw.get("on_invalid_rows")
    fault = choice_fault("/on_invalid_rows", said, OnInvalidRows)
    if said == OnInvalidRows.ACCEPT_VALID and "rows" not in raw:
        fault = Fault(pointer="/on_invalid_rows", detail="is about rows of the same request; send it with each of them")
    return [fault] if fault is not None else []


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


def _option_faults(raw: Mapping[str, object]) -> list[Fault]:
    faults: list[Fault | None] = [*_invalid_rows_faults(raw)]
    if raw.get("name") is not None:
        faults.append(text_fault("/name", raw["name"], longest=VALUE_MAX, shortest=1))
    if raw.get("reference") is not None:
        faults.append(text_fault("/reference", raw["reference"], longest=REFERENCE_MAX, shortest=1))
    for name, words in (("funding", Funding), ("on_row_failure", OnRowFailure)):
        if name in raw and raw[name] not in [word.value for word in words]:
            faults.append(Fault(pointer=f"/{name}", detail=f"must be one of {', '.join(word.value for word in words)}"))
    merchant = raw.get("merchant_id")
    if merchant is not None and not (isinstance(merchant, str) and is_merchant_id(merchant)):
        faults.append(Fault(pointer="/merchant_id", code="unknown_merchant", detail="is not a merchant id"))
    return [fault for fault in faults if fault is not None]


def _text(raw: Mapping[str, object], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) else None

"""A batch and chunks of its rows, read (BAT-01, BAT-02, BAT-07, BAT-10).

Owns the JSON forms and their options. Rows and declaration are read beside it.
"""

from collections.abc import Mapping

from msgspec import Struct

from domain.intake.batch_rows import NONE, rows_as_said
from domain.intake.declaration import read_declaration
from domain.intake.faults import Fault, under
from domain.intake.payout import field_faults
from domain.intake.text import REFERENCE_MAX, VALUE_MAX, choice_fault, text_fault
from domain.intake.valid_rows import ValidRows
from domain.intake.versions import version_faults
from schemas.commands import CHUNK_ROWS_MAX
from schemas.currencies import Currencies
from schemas.forms import BatchDeclaration, PayoutForm
from schemas.ids import BATCH_ROWS_MAX, is_merchant_id
from schemas.words import Funding, OnInvalidRows, OnRowFailure

FIELDS = frozenset({"name", "reference", "funding", "on_row_failure", "on_invalid_rows", "declared", "rows", "merchant_id"})
ROWS_FIELDS = frozenset({"rows", "first_row", "on_invalid_rows"})


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
    rows = rows_as_said(raw, currencies, BATCH_ROWS_MAX, whose) if "rows" in raw else NONE
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
    rows = rows_as_said(raw, currencies, CHUNK_ROWS_MAX, owner)
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


def _invalid_rows_faults(raw: Mapping[str, object]) -> list[Fault]:
    """An unknown word, or one for rows that are not here."""
    said = raw.get("on_invalid_rows")
    fault = choice_fault("/on_invalid_rows", said, OnInvalidRows)
    if said == OnInvalidRows.ACCEPT_VALID and "rows" not in raw:
        fault = Fault(pointer="/on_invalid_rows", detail="is about rows of the same request; send it with each of them")
    return [fault] if fault is not None else []


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

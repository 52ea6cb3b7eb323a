"""The form fields beside an uploaded file, as the request they stand for.

Owns their names. They are text; what they mean is read by the same rules as a JSON batch. Must not know the file.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.intake.columns import read_mapping
from domain.intake.content import JsonFault, parse_json
from domain.intake.faults import Fault, step, under
from domain.intake.numbers import FORMATS, PLAIN
from domain.intake.text import VALUE_MAX, choice_fault, text_fault
from schemas.words import OnInvalidRows
from services.ingest.staging.upload_record import FileOptions

PLAIN_FIELDS = ("name", "reference", "funding", "on_row_failure", "merchant_id")
FILE_FIELDS = frozenset({"currency", "mapping", "number_format", "on_invalid_rows", "override_duplicate"})
FIELDS = frozenset({*PLAIN_FIELDS, *FILE_FIELDS, "row_count", "total", "declared"})
CORRECTION_FIELDS = frozenset({"on_invalid_rows", "override_duplicate"})
_COUNT_DIGITS_MAX = 7


class UploadFields(NamedTuple):
    """What the fields say, or the faults in them. `reason` is why an equal earlier file does not matter."""

    options: FileOptions
    reason: str | None
    faults: list[Fault]


def read_fields(fields: Mapping[str, str], known: frozenset[str] = FIELDS) -> UploadFields:
    """The fields, read. An empty field is as good as none.

    `row_count` and `total` (in `currency`) are short for `declared`, which is JSON: `{"row_count": 2, "sums": {"USD": "3.50"}}`.
    """
    given = {name: value for name, value in fields.items() if value != ""}
    faults = [
        Fault(pointer=step(name), detail="is not a known field; remove it or correct its name")
        for name in given
        if name not in known
    ]
    raw: dict[str, object] = {name: given[name] for name in PLAIN_FIELDS if name in given}
    declared = _declared(given)
    if isinstance(declared, list):
        faults += declared
    elif declared is not None:
        raw["declared"] = declared
    mapping = _mapping(given.get("mapping"))
    faults += mapping if isinstance(mapping, list) else []
    faults += _choice_faults(given)
    options = FileOptions(
        currency=given.get("currency"),
        mapping=mapping if isinstance(mapping, dict) else {},
        number_format=given.get("number_format", PLAIN),
        number_format_chosen="number_format" in given,
        accept_valid=given.get("on_invalid_rows") == OnInvalidRows.ACCEPT_VALID,
        raw=raw,
    )
    return UploadFields(options, given.get("override_duplicate"), faults)


def _choice_faults(given: Mapping[str, str]) -> list[Fault]:
    reason = given.get("override_duplicate")
    faults = [
        choice_fault("/number_format", given.get("number_format"), FORMATS),
        choice_fault("/on_invalid_rows", given.get("on_invalid_rows"), OnInvalidRows),
        text_fault("/override_duplicate", reason, longest=VALUE_MAX, shortest=3) if reason is not None else None,
    ]
    return [fault for fault in faults if fault is not None]


def _mapping(text: str | None) -> dict[str, str] | list[Fault]:
    if text is None:
        return {}
    try:
        read = read_mapping(parse_json(text.encode()))
    except JsonFault as fault:
        return [Fault(pointer="/mapping", detail=f"must be JSON: {fault}")]
    return under("/mapping", read) if isinstance(read, list) else read


def _declared(given: Mapping[str, str]) -> object:
    """The declaration in its JSON form, None for none, or faults."""
    if "declared" not in given:
        return _short(given)
    if "row_count" in given or "total" in given:
        return [Fault(pointer="/declared", detail="says it already; leave row_count and total out")]
    try:
        return parse_json(given["declared"].encode())
    except JsonFault as fault:
        return [Fault(pointer="/declared", detail=f"must be JSON: {fault}")]


def _short(given: Mapping[str, str]) -> dict[str, object] | list[Fault] | None:
    declared: dict[str, object] = {}
    count = given.get("row_count")
    if count is not None:
        if not (count.isascii() and count.isdigit() and len(count) <= _COUNT_DIGITS_MAX):
            return [Fault(pointer="/row_count", detail="must be a whole number of rows")]
        declared["row_count"] = int(count)
    if "total" in given:
        if "currency" not in given:
            return [Fault(pointer="/total", detail="needs the field currency; or send declared with a sum per currency")]
        declared["sums"] = {given["currency"]: given["total"]}
    return declared or None

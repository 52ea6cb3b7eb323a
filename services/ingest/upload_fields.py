"""The form fields beside an uploaded file, as the request they stand for.

Owns their names. They are text; what they mean is read by the same rules as a JSON batch. Must not know the file.
"""

from collections.abc import Mapping

from domain.intake.content import JsonFault, parse_json
from domain.intake.faults import Fault

PLAIN = ("name", "reference", "funding", "on_row_failure", "merchant_id")
FIELDS = frozenset({*PLAIN, "currency", "row_count", "total", "declared"})
_COUNT_DIGITS_MAX = 7


def read_fields(fields: Mapping[str, str]) -> tuple[dict[str, object] | list[Fault], str | None]:
    """(the raw batch request or all faults, the currency of rows that name none). An empty field is as good as none.

    `row_count` and `total` (in `currency`) are short for `declared`, which is JSON: `{"row_count": 2, "sums": {"USD": "3.50"}}`.
    """
    given = {name: value for name, value in fields.items() if value != ""}
    faults = [
        Fault(pointer=f"/{name[:64]}", detail="is not a known field; remove it or correct its name")
        for name in given
        if name not in FIELDS
    ]
    raw: dict[str, object] = {name: given[name] for name in PLAIN if name in given}
    declared = _declared(given)
    if isinstance(declared, list):
        faults += declared
    elif declared is not None:
        raw["declared"] = declared
    return faults or raw, given.get("currency")


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

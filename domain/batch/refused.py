"""Rows that stay out of a batch while the others are taken (BAT-09).

Owns how they add up and what is told of them. They count towards what was declared and towards nothing else: they are no rows of the batch,
and no money moves for them. Must not know why they stay out.
"""

from schemas.forms import RefusedRows
from schemas.ids import BATCH_ROWS_MAX
from schemas.money import BALANCE_MAX_MINOR


def together(before: RefusedRows | None, more: RefusedRows | None) -> RefusedRows | None:
    """Both, without their faults, and within what can be counted, whatever a command says."""
    if more is None:
        return before
    count, sums = (before.count, before.sums_minor) if before is not None else (0, {})
    return RefusedRows(
        count=min(count + max(more.count, 0), BATCH_ROWS_MAX),
        sums_minor=plus(sums, more.sums_minor),
    )


def plus(sums: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """Sums by currency, in order of its code; none leaves what an account can hold."""
    added = {code: sums.get(code, 0) + max(more.get(code, 0), 0) for code in sums.keys() | more.keys()}
    return {code: min(added[code], BALANCE_MAX_MINOR) for code in sorted(added)}


def told(refused: RefusedRows | None) -> dict[str, object]:
    """What an answer says of them, beside what it says anyway; nothing where no row stayed out."""
    if refused is None:
        return {}
    said = {"row_count": refused.count, "fault_count": refused.fault_count, "errors": refused.errors}
    return {"refused_rows": said}

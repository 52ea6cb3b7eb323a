"""Faults of an input: where, which code, and what to do about it.

Owns their form and the form of errors in an answer. All faults of an input are collected before it is refused (ERR-04).
"""

from msgspec import Struct

INVALID = "validation_error"


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault. `pointer` is a JSON Pointer, or `header/<name>`; files also name the row (from 1) and the column."""

    pointer: str
    detail: str
    code: str = INVALID
    row: int | None = None
    column: str | None = None


def as_errors(faults: list[Fault]) -> list[dict[str, str]]:
    """The `errors` member of a problem body (ERR-01)."""
    return [_as_error(fault) for fault in faults]


def _as_error(fault: Fault) -> dict[str, str]:
    error = {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
    if fault.row is not None:
        error["row"] = str(fault.row)
    if fault.column is not None:
        error["column"] = fault.column
    return error


def under(prefix: str, faults: list[Fault]) -> list[Fault]:
    """The same faults, their pointers below `prefix`."""
    return [Fault(pointer=prefix + f.pointer, detail=f.detail, code=f.code, row=f.row, column=f.column) for f in faults]

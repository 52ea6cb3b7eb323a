"""Faults of an input: where, which code, and what to do about it.

Owns their form and the form of errors in an answer. All faults of an input are collected before it is refused (ERR-04).
"""

from msgspec import Struct, structs

INVALID = "validation_error"
NAME_SHOWN = 64
"""A name that a client made up is shown up to here."""


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


def shown(name: object) -> str:
    """As much of a name that a client made up as a refusal says back."""
    return str(name)[:NAME_SHOWN]


def step(name: object) -> str:
    """One step of a JSON Pointer (RFC 6901) to a member with this name."""
    return "/" + shown(name).replace("~", "~0").replace("/", "~1")


def last_step(pointer: str) -> str:
    """The name of the member that a pointer ends at."""
    return pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")


def under(prefix: str, faults: list[Fault]) -> list[Fault]:
    """The same faults, their pointers below `prefix`."""
    return [structs.replace(fault, pointer=prefix + fault.pointer) for fault in faults]


def row_fault(row: int, column: str, fault: Fault) -> Fault:
    """The fault of a request as a fault of a file's row (from 1); `column` is the name that the file's own header gives it."""
    return structs.replace(fault, pointer=f"/rows/{row - 1}{fault.pointer}", row=row, column=shown(column))

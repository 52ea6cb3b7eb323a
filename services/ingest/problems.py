"""Faults of a request as one problem (ERR-01, ERR-04).

Owns the choice of the code when there are several faults. Rendering is `runtime.http_problems`. Must not know what was read.
"""

from domain.intake.faults import INVALID, Fault, as_errors
from runtime.http_problems import PROBLEM_JSON, RETRY_AFTER_SECONDS, ProblemError
from schemas.errors import REGISTRY

__all__ = ["PROBLEM_JSON", "RETRY_AFTER_SECONDS", "ProblemError", "problem_of"]

BAD_REQUEST = 400


def problem_of(faults: list[Fault], code: str | None = None) -> ProblemError:
    """All faults of one request as one problem; without `code` it is what the faults agree on, else `validation_error`."""
    agreed = faults[0].code if all(fault.code == faults[0].code for fault in faults) else INVALID
    known = agreed in REGISTRY and REGISTRY[agreed].status == BAD_REQUEST
    more = f" ({len(faults) - 1} more; see errors)" if len(faults) > 1 else ""
    detail = f"{_place(faults[0].pointer)} {faults[0].detail}.{more}"
    return ProblemError(code or (agreed if known else INVALID), detail, errors=as_errors(faults))


def _place(pointer: str) -> str:
    if pointer == "header":
        return "The header"
    if pointer.startswith("header/"):
        return f"The header {pointer.removeprefix('header/')}"
    return pointer or "The body"

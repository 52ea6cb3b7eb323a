"""Files that hold payees as they were sent, for who sees them masked elsewhere: for a reason, written down before the file leaves (SEC-07).

Owns the header and the telling. Who may have such a file at all is the matrix's. Must not read a file.
"""

from fastapi import Request

from domain.access import matrix
from domain.access.principal import encode
from domain.intake.text import text_fault
from runtime.http_problems import ProblemError
from services.gateway.access.asked import principal_of
from services.gateway.access.reveal import REASON_MAX, REASON_MIN
from services.gateway.access.sight import WHOLE
from services.gateway.door import door_of, merchant_asked

HEADER = "Payflow-Reason"


async def write_down(request: Request) -> None:
    """Returns once the audit trail knows who takes the file and why; at once where none of it is needed.

    Raises ProblemError 400 without a reason or merchant, 503 when it cannot be written down.
    """
    found = matrix.find(request.method, request.scope["path"])
    if found is None or not found.route.reveals or request.method != "GET" or WHOLE.get():
        return
    reason, merchant = _reason(request), merchant_asked(request)
    if merchant is None:
        raise ProblemError("merchant_required", "Say whose file this is: send X-Merchant-Id.")
    what, thing = ("batch", "batch_id") if "batch_id" in found.named else ("upload", "upload_id")
    telling = {
        "principal": encode(principal_of(request)),
        "action": "file.revealed",
        "subject": f"{what}:{found.named[thing][:64]}",
        "merchant": merchant,
        "reason": reason,
    }
    identity = door_of(request).identity
    if identity is None or (await identity.post("/internal/audit", telling))[0] != 204:
        raise ProblemError("identity_unavailable", "This cannot be written down now, so it is not shown; try again soon.")


def _reason(request: Request) -> str:
    given = [_read(value) for value in request.headers.getlist(HEADER)]
    if len(given) == 1 and text_fault("", given[0], longest=REASON_MAX, shortest=REASON_MIN) is None:
        return given[0]
    detail = f"must say in {REASON_MIN} to {REASON_MAX} characters why: this file has payees unmasked"
    fault = {"pointer": f"header/{HEADER}", "code": "validation_error", "detail": detail}
    raise ProblemError("validation_error", f"The header {HEADER} {detail}.", errors=[fault])


def _read(value: str) -> str:
    """A header's bytes as UTF-8, which browsers can send so; what is none stays as HTTP reads it."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value

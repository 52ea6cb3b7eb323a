"""What a request says before it is decided about, and what is said when it is refused.

Owns the size of its headers, that a parameter says one thing, the merchants that it names, who asks once that is known, the answer where
there is no route, and the one log line of a denial. Must not decide.
"""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import Message, Send

from domain.access import matrix
from domain.access.matrix import SOCKET
from domain.access.principal import Principal
from runtime import metrics
from runtime.http_problems import ProblemError
from runtime.logging import logger
from schemas.ids import is_merchant_id

HEADER_BYTES_MAX = 16 * 1024
SEVERAL = frozenset({"channel", "ticket"})
"""Parameters that may stand there more than once, or are refused in another way (401)."""
PRINCIPAL = "payflow_principal"
NOTHING_HERE = "There is nothing at this address."

log = logger(__name__)


def principal_of(asked: HTTPConnection) -> Principal:
    """Who asks, as the guard has checked. Raises KeyError where no guard stands before the route."""
    principal: Principal = asked.scope["state"][PRINCIPAL]
    return principal


def check_size(asked: HTTPConnection) -> None:
    """Raise ProblemError 431 past HEADER_BYTES_MAX (SEC-10)."""
    if sum(len(name) + len(value) for name, value in asked.scope["headers"]) > HEADER_BYTES_MAX:
        raise ProblemError("headers_too_large", f"The headers may have at most {HEADER_BYTES_MAX:,} bytes.")


def check_once(asked: HTTPConnection) -> None:
    """Raise ProblemError 400 for a parameter of the query that stands there twice: which of both is meant, nobody can say (API-19)."""
    names = [name for name, _ in asked.query_params.multi_items() if name not in SEVERAL]
    twice = next((name[:64] for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        detail = "is given more than once; send it once, several values of one by comma"
        fault = {"pointer": f"query/{twice}", "code": "validation_error", "detail": detail}
        raise ProblemError("validation_error", f"The parameter {twice} {detail}.", errors=[fault])


def named_merchants(asked: HTTPConnection) -> frozenset[str]:
    """The merchants that header and query name. Raises ProblemError 400 for a malformed one."""
    found = [("header/X-Merchant-Id", value) for value in asked.headers.getlist("x-merchant-id")]
    found += [("query/merchant_id", value) for value in asked.query_params.getlist("merchant_id")]
    for pointer, value in found:
        if not is_merchant_id(value):
            fault = {"pointer": pointer, "code": "validation_error", "detail": "must be a merchant id"}
            raise ProblemError("validation_error", f"{pointer} must be a merchant id.", errors=[fault])
    return frozenset(value for _, value in found)


def no_route(path: str) -> ProblemError:
    """405 where the matrix has other methods, else 404."""
    methods = matrix.methods_at(path) - {SOCKET}
    if methods:
        detail = "This address does not know the method; see the Allow header."
        return ProblemError("method_not_allowed", detail, headers={"Allow": ", ".join(sorted(methods))})
    return ProblemError("not_found", NOTHING_HERE)


def note(asked: HTTPConnection, refused: ProblemError) -> None:
    """Every denial is logged once: by route, never by path or credential."""
    method = SOCKET if asked.scope["type"] == "websocket" else asked.scope["method"]
    found = matrix.find(method, asked.scope["path"])
    by = asked.scope.get("state", {}).get(PRINCIPAL)
    metrics.DENIED.labels(refused.entry.code).inc()
    log.info(
        "access.denied",
        code=refused.entry.code,
        route=found.route.path if found else "unmatched",
        method=method[:16],
        actor=by.actor if by else None,
        client=asked.client.host if asked.client else None,
    )


def telling(send: Send, headers: Mapping[str, str] | None) -> Send:
    """Sends on, with further headers on the answer."""
    if not headers:
        return send

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            found: Any = MutableHeaders(scope=message)
            for name, value in headers.items():
                found[name] = value
        await send(message)

    return told

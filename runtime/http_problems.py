"""Errors over HTTP as `application/problem+json` (ERR-01), and nothing of what is inside.

Owns the exception that carries a refusal to the edge and the handlers that render it. Must not know why a request was refused: codes,
statuses and titles come from `schemas.errors`.
"""

from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from runtime.http_trace import trace_id_of
from runtime.logging import logger
from schemas.errors import REGISTRY, problem

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = "1"
ASKED_HEADER = "payflow-inner-path"
"""The gateway's word for the path it was asked for; it cuts it out of what comes from outside, as all of the inner door's."""
SERVER_ERROR = 500

_log = logger(__name__)
_CODE_OF_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "payload_too_large", 415: "unsupported_media_type"}
_DETAIL_OF_STATUS = {
    404: "There is nothing at this address.",
    405: "This address does not know the method; see the Allow header.",
}


class ProblemError(Exception):
    """A request ends here with a problem of `code` (one of `schemas.errors`).

    `errors` lists faults as `{"pointer", "code", "detail"}`; `headers` go on the answer; `more` are extra members of the body.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        **more: object,
    ) -> None:
        """Keeps the parts. Raises KeyError for a code that is not registered."""
        super().__init__(f"{code}: {detail}")
        self.entry = REGISTRY[code]
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.more = more


def asked_path(request: HTTPConnection) -> str:
    """The path as the client asked for it, also where it was rewritten on its way in, or the gateway passed the request on.

    Never what a Host header makes of it.
    """
    told = request.headers.get(ASKED_HEADER, "")
    if told.startswith("/"):
        return told
    path: str = request.scope.get("asked_path") or request.scope["path"]
    return quote(path, safe="/:@!$&'()*+,;=~")


def problem_response(request: HTTPConnection, refused: ProblemError) -> Response:
    """The refusal as an HTTP answer. A code that may be tried again carries Retry-After."""
    entry = refused.entry
    body = problem(
        entry.code,
        refused.detail,
        instance=asked_path(request),
        trace_id=trace_id_of(request),
        errors=refused.errors,
        **refused.more,
    )
    retry = {"Retry-After": RETRY_AFTER_SECONDS} if entry.retryable else {}
    return Response(msgspec.json.encode(body), entry.status, {**retry, **refused.headers}, PROBLEM_JSON)


def same_key(asked: HTTPConnection) -> dict[str, str]:
    """The header that tells a client to come again with the key it gave; none if it gave none that can be told."""
    key = asked.headers.get("idempotency-key")
    return {"Idempotency-Key": key} if key is not None and key.isascii() and key.isprintable() else {}


def install(app: FastAPI) -> None:
    """Make every error of this app a problem: ours, the framework's (404, 405, ...) and the unforeseen (500)."""
    app.add_exception_handler(ProblemError, _on_refused)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unforeseen)


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODE_OF_STATUS.get(error.status_code)
    if code is None:
        code = "validation_error" if error.status_code < SERVER_ERROR else "internal_error"
    detail = _DETAIL_OF_STATUS.get(error.status_code, "The request cannot be answered.")
    return problem_response(request, ProblemError(code, detail, headers=_plain(error.headers)))


def _plain(headers: Any) -> dict[str, str]:
    return dict(headers or {})


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    # The text of the error can hold a recipient's data; only its type is logged (DESIGN section 7, trap 13).
    _log.error("request.unforeseen", error=type(error).__name__, path=asked_path(request))
    return problem_response(request, ProblemError("internal_error", "The request failed on our side."))

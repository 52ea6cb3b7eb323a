"""The trace of a request (W3C Trace Context): its own, else one of ours, the same in the answer, log lines and the command (ERR-01).

Owns what is a traceparent, the ASGI middleware that gives one to each request without, and the trace id in log lines. Must not know routes.
"""

import re

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from runtime.ids import mint_key

HEADER = "traceparent"
_NAMES = frozenset({HEADER.encode(), b"tracestate"})
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


def traceparent(text: str | None) -> str | None:
    """The text if it is a W3C traceparent, else None."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def trace_id(text: str | None) -> str | None:
    """The trace id of a traceparent; None for what is none."""
    match = _TRACEPARENT.fullmatch(text) if text is not None else None
    return match[1] if match is not None else None


def mint_trace_id() -> str:
    """A new trace id, 32 hexadecimal digits."""
    return mint_key(16).hex()


def minted() -> str:
    """A new traceparent; not sampled, because nothing of ours collects spans."""
    return f"00-{mint_trace_id()}-{mint_key(8).hex()}-00"


class Traced:
    """The outermost ASGI middleware: what is inside, our error handlers too, finds a traceparent on every request."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a traceparent that is none goes with its state, for it would break the line between two parts."""
        if scope["type"] in {"http", "websocket"}:
            sent = [value for name, value in scope["headers"] if name == HEADER.encode()]
            trace = traceparent(sent[0].decode("latin-1")) if len(sent) == 1 else None
            if trace is None:
                trace = minted()
                kept = [(name, value) for name, value in scope["headers"] if name not in _NAMES]
                scope["headers"] = [
                    *kept,
                    (HEADER.encode(), trace.encode()),
                ]  # in place: the handlers of errors stand outside
            bind_contextvars(trace_id=trace_id(trace))
        await self._app(scope, receive, send)


def trace_id_of(asked: HTTPConnection) -> str | None:
    """The trace id of a request; None if it names none, which is so only outside of `Traced`."""
    return trace_id(asked.headers.get(HEADER))

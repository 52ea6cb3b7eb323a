"""Log lines: one JSON object a line on stdout (OBS-05).

Owns the form, the removal of personal data, and the rate limit on chatty libraries. Must not know what is logged. Event names
are dotted (`payout.completed`).
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from runtime.clock import Clock, SystemClock
from schemas.masking import scrubbed

PERSONAL = frozenset(
    {"account", "account_number", "holder", "iban", "msisdn", "name", "phone", "recipient", "recipient_details"}
    | {"email", "password", "secret", "token", "ticket", "authorization", "cookie", "api_key"}
)
CHATTY = ("aiokafka", "faust", "mode")
TELLTALE = ("uvicorn", "websockets", "httpx2", "httpcore2", "python_multipart")
"""Libraries that write addresses, headers or bodies into what they log below a warning, also the feed's frames: never heard (SEC-08)."""
LINES_PER_WINDOW = 20
WINDOW_SECONDS = 10.0
REMOVED = "[removed]"

Line = MutableMapping[str, Any]


class RateLimit(logging.Filter):
    """Lets LINES_PER_WINDOW lines of one logger pass per window: a lost broker otherwise floods the log."""

    def __init__(self, clock: Clock) -> None:
        """Counts per logger name by `clock`."""
        super().__init__()
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True while the window of this logger has room."""
        now = self._clock.monotonic()
        start, count = self._windows.get(record.name, (now, 0))
        if now - start > WINDOW_SECONDS:
            start, count = now, 0
        self._windows[record.name] = (start, count + 1)
        return count < LINES_PER_WINDOW


def redact(_logger: object, _method: str, line: Line) -> Line:
    """Replace the values of personal fields, and numbers and secrets of payees in texts, at any depth (SEC-08)."""
    return {key: REMOVED if key in PERSONAL else _clean(value) for key, value in line.items()}


def _clean(value: object) -> object:
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, dict):
        return {key: REMOVED if key in PERSONAL else _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value


def set_up(service: str, *, debug: bool = False) -> None:
    """Send structlog and the standard library's loggers to stdout as JSON lines. A repeat changes nothing."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        lambda _logger, _method, line: {**line, "service": service},
        structlog.processors.format_exc_info,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=True)
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, render]
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if debug else logging.INFO, force=True)
    _quieten(SystemClock(), handler)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _quieten(clock: Clock, handler: logging.Handler) -> None:
    limit = RateLimit(clock)
    handler.addFilter(lambda record: not record.name.startswith(CHATTY) or limit.filter(record))
    for name in (*CHATTY, *TELLTALE):
        logging.getLogger(name).setLevel(logging.WARNING)


def logger(name: str) -> Any:
    """A structlog logger: `logger(__name__).info("payout.completed", payout_id=...)`."""
    return structlog.stdlib.get_logger(name)

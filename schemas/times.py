"""Times: integer milliseconds UTC inside, RFC 3339 with `Z` at the edge (API-16). No clock is read here."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

LATEST_MS = 253_402_300_799_999
"""The last moment that can be written down: the end of year 9999."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def rfc3339(at_ms: int) -> str:
    """Milliseconds UTC as `2026-01-31T08:00:00.000Z`. Raises OverflowError past LATEST_MS."""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _second(at: int) -> str:
    """What is told at a time is mostly of the same few seconds, and writing one down takes longer than all the rest of it."""
    return f"{_EPOCH + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S}"


def rfc3339_or_none(at_ms: int | None) -> str | None:
    """The same, and None for None."""
    return None if at_ms is None else rfc3339(at_ms)


def parse_rfc3339(text: str) -> int:
    """RFC 3339 text with a zone to milliseconds UTC; what is finer than a millisecond is cut. Raises ValueError."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("must be a time such as 2026-01-31T08:00:00Z, with a zone")
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)

"""When a delivery that failed is tried again (WHK-02).

Owns the waits, the jitter and what `Retry-After` means. Jitter is a function of the delivery and the try, so nothing here draws a random
number. Times are milliseconds.
"""

import hashlib
from email.utils import parsedate_to_datetime

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
WAITS_MS = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
TRIES_MAX = 1 + len(WAITS_MS)
JITTER_PERCENT = 10
"""A wait is at most this much longer: many deliveries that failed together do not come back together."""
RETRY_AFTER_MAX_MS = DAY
GIVES_UP_MS = 5 * DAY
"""An endpoint that failed this long without one success is disabled."""
GONE = 410


def next_try_at(delivery_id: str, tries: int, now: int, retry_after_ms: int | None = None) -> int | None:
    """When the try after `tries` failed ones is due; None when there is none. What the receiver asks for is never undercut, up to a day."""
    if tries >= TRIES_MAX:
        return None
    wait = WAITS_MS[max(tries, 1) - 1]
    wait += wait * JITTER_PERCENT * _fraction(delivery_id, tries) // (100 * 256)
    return now + max(wait, min(retry_after_ms or 0, RETRY_AFTER_MAX_MS))


def retry_after_ms(header: str | None, now: int) -> int | None:
    """What a Retry-After header asks for: seconds, or an HTTP date; None for none or for what is neither."""
    text = (header or "").strip()[:64]
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * SECOND, RETRY_AFTER_MAX_MS)
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp() * 1000) - now) if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def is_success(status: int | None) -> bool:
    """Whether the receiver has it. A redirect is no success, and is not followed."""
    return status is not None and 200 <= status < 300


def _fraction(delivery_id: str, tries: int) -> int:
    return hashlib.sha256(f"{delivery_id}/{tries}".encode()).digest()[0]

"""Request headers that the law knows: key, merchant, wait, version.

Owns their form. Must not know HTTP machinery.
"""

import re

from domain.intake.faults import Fault
from schemas.ids import is_merchant_id

KEY_MAX = 255
WAIT_MAX_SECONDS = 30

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_WAIT = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,3})(?:$|[,;\s])")
_ETAG = re.compile(r'"([0-9]{1,9})(?:-[0-9a-z]{1,16})?"')


def read_key(value: str) -> str | Fault:
    """An Idempotency-Key: 1 to 255 visible ASCII characters (IDM-01)."""
    if len(value) <= KEY_MAX and _VISIBLE_ASCII.fullmatch(value):
        return value
    detail = "must be 1 to 255 visible ASCII characters; a UUID v4 is a good choice"
    return Fault(pointer="header/Idempotency-Key", code="idempotency_key_invalid", detail=detail)


def read_merchant(value: str) -> str | Fault:
    """An X-Merchant-Id."""
    if is_merchant_id(value):
        return value
    return Fault(
        pointer="header/X-Merchant-Id", code="unknown_merchant", detail="must be 1 to 64 lower-case letters, digits, _ or -"
    )


def read_wait(value: str | None, default: float) -> float | Fault:
    """Seconds to wait for the decision, from a Prefer header (API-14); other preferences are ignored (RFC 7240)."""
    match = _WAIT.search(value) if value else None
    if match is None:
        if value and "wait" in value:
            return Fault(pointer="header/Prefer", detail=f"wait must be 0 to {WAIT_MAX_SECONDS} seconds")
        return default
    seconds = int(match[1])
    if seconds > WAIT_MAX_SECONDS:
        return Fault(pointer="header/Prefer", detail=f"wait must be 0 to {WAIT_MAX_SECONDS} seconds")
    return float(seconds)


def read_match(value: str | None) -> int | Fault | None:
    """The version in an If-Match header, which is what stands before the hyphen; None for no header or `*` (API-23)."""
    if value is None or value.strip() == "*":
        return None
    match = _ETAG.fullmatch(value.strip())
    return int(match[1]) if match else Fault(pointer="header/If-Match", detail='must be a strong ETag such as "3", or *')

"""Request headers that the law knows: key, merchant, wait, version.

Owns their form. Must not know HTTP machinery.
"""

import re

from domain.intake.faults import Fault
from schemas.commands import Match
from schemas.ids import is_merchant_id

KEY_MAX = 255
WAIT_MAX_SECONDS = 30
TAGS_MAX = 50

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+', re.DOTALL)
_LISTED_TAG = re.compile(r'(?:[^,"]|"[^"]*(?:"|$))+')
_SECONDS = re.compile(r'(?P<quote>"?)([0-9]{1,3})(?P=quote)')
_TAG = re.compile(r'W/"[^"\s]*"|"(?:(?P<version>[0-9]{1,9})(?:-[0-9a-z]{1,16})?|[^"\s]*)"')


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


def preference(value: str | None, name: str) -> str | None:
    """What a Prefer header says of one preference, as it is written; empty for its bare name, None if it is not there.

    RFC 7240: names in any case, the first of several counts, what follows a semicolon is the preference's own.
    """
    for element in _PREFERENCE.findall(value or ""):
        found, _, said = element.partition(";")[0].partition("=")
        if found.strip().lower() == name:
            return str(said.strip())
    return None


def read_wait(value: str | None, default: float) -> float | Fault:
    """Seconds to wait for the decision, from a Prefer header (API-14); other preferences are ignored (RFC 7240)."""
    said = preference(value, "wait")
    if said is None:
        return default
    match = _SECONDS.fullmatch(said)
    if match is None or int(match[2]) > WAIT_MAX_SECONDS:
        return Fault(pointer="header/Prefer", detail=f"wait must be 0 to {WAIT_MAX_SECONDS} seconds")
    return float(match[2])


def read_match(value: str | None) -> Match | Fault:
    """The versions in an If-Match header, which are what stands before the hyphen; None for no header or `*` (API-23).

    One tag of ours is its version. Otherwise all versions that are named: a weak tag or a strange one names none (RFC 9110 13.1.1).
    """
    if value is None or value.strip() == "*":
        return None
    tags = [_TAG.fullmatch(tag.strip()) for tag in _LISTED_TAG.findall(value) if tag.strip()]
    if None in tags or not 1 <= len(tags) <= TAGS_MAX:
        detail = f'must be ETags such as "3", at most {TAGS_MAX}, or *'
        return Fault(pointer="header/If-Match", detail=detail)
    versions = [int(tag["version"]) for tag in tags if tag is not None and tag["version"] is not None]
    return versions[0] if len(versions) == len(tags) == 1 else versions


def matches(match: Match, version: int) -> bool:
    """Whether what stands at this version is what If-Match asks for."""
    return match is None or version in (match if isinstance(match, list) else [match])

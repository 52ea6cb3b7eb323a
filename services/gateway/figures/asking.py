"""What requests for figures name: the zone of a day, a window, the steps of a chart (CON-01, CON-20).

Owns their bounds. A bad value is 400 and names the parameter. Must not know where figures are kept.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from domain.figures import QUARTER_MS, quarter_of
from schemas.money import EXPONENTS
from schemas.times import parse_rfc3339
from services.gateway.filters import plain, refuse

HOUR_MS = 3_600_000
HOURS_MAX = 168
SPAN_MS = {"hour": 31 * 24 * HOUR_MS, "day": 731 * 24 * HOUR_MS}
"""The longest time of a chart by its step."""
DEFAULT_SPAN_MS = {"hour": 24 * HOUR_MS, "day": 30 * 24 * HOUR_MS}


class Chart(NamedTuple):
    """From `start` to before `end` (ms UTC, whole quarters of an hour), a point for each `step` of `zone`."""

    start: int
    end: int
    step: str
    zone: str
    provider: str | None
    currency: str | None


def read_zone(query: Mapping[str, str]) -> str:
    """An IANA name; UTC where none is given."""
    zone = query.get("zone", "UTC")
    if zone not in available_timezones():
        raise refuse("zone", "must be an IANA time zone such as Africa/Kampala")
    return zone


def day_of(now: int, zone: str) -> tuple[str, int]:
    """The day that a moment (ms UTC) is in there, and when it began (ms UTC)."""
    there = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    begun = there.replace(hour=0, minute=0, second=0, microsecond=0)
    return there.date().isoformat(), quarter_of(int(begun.astimezone(UTC).timestamp()) * 1000)


def read_hours(query: Mapping[str, str]) -> int:
    """A window that ends now."""
    text = query.get("hours", "24")
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= HOURS_MAX):
        raise refuse("hours", f"must be a number from 1 to {HOURS_MAX}")
    return int(text)


def read_chart(query: Mapping[str, str], now: int) -> Chart:
    """What a chart shows; by default the last day by hours, or the last 30 days by days."""
    step = query.get("step", "hour")
    if step not in SPAN_MS:
        raise refuse("step", f"must be one of {', '.join(SPAN_MS)}")
    end = _time(query, "to", now)
    start = quarter_of(_time(query, "from", end - DEFAULT_SPAN_MS[step]))
    if not start < end <= start + SPAN_MS[step]:
        days = timedelta(milliseconds=SPAN_MS[step]).days
        raise refuse("from", f"must be before `to`, and at most {days} days before it where the step is {step}")
    provider = plain("provider", query["provider"]) if "provider" in query else None
    return Chart(start, quarter_of(end - 1) + QUARTER_MS, step, read_zone(query), provider, _currency(query))


def _time(query: Mapping[str, str], name: str, default: int) -> int:
    if name not in query:
        return default
    try:
        at = parse_rfc3339(query[name].replace(" ", "+"))
    except (ValueError, OverflowError):
        raise refuse(name, "must be a time in RFC 3339, such as 2026-01-31T08:00:00Z") from None
    if not 0 <= at < 2**45:
        raise refuse(name, "must be a time from 1970 on, and not thousands of years from now")
    return at


def _currency(query: Mapping[str, str]) -> str | None:
    if "currency" not in query:
        return None
    code = query["currency"].upper()
    if code not in EXPONENTS:
        raise refuse("currency", "must be an ISO 4217 code")
    return code

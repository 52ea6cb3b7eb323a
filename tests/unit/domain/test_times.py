"""Times at the edge: RFC 3339 in UTC with milliseconds, and nothing looser back in (API-16)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import LATEST_MS, parse_rfc3339, rfc3339, rfc3339_or_none


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_001, "2000-02-29T00:00:00.001Z"),
        (1_767_225_600_999, "2026-01-01T00:00:00.999Z"),
        (LATEST_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_milliseconds_as_text_and_back(at_ms: int, text: str) -> None:
    assert rfc3339(at_ms) == text
    assert parse_rfc3339(text) == at_ms


@given(st.integers(-(10**12), LATEST_MS))
def test_no_time_is_lost_on_the_way(at_ms: int) -> None:
    assert parse_rfc3339(rfc3339(at_ms)) == at_ms


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T19:00:00-05:00", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.0019999Z", 1),
    ],
)
def test_every_zone_is_read(text: str, at_ms: int) -> None:
    assert parse_rfc3339(text) == at_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "20260101T000000Z",
        "2026-W01-1T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00Z",
        "2026-01-01T00:00:00.Z",
        "２026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_what_is_not_rfc_3339_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)


def test_no_time_stays_no_time() -> None:
    assert rfc3339_or_none(None) is None
    assert rfc3339_or_none(0) == "1970-01-01T00:00:00.000Z"

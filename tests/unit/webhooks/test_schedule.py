"""When a failed delivery is tried again: exact waits, bounded jitter, and the receiver's own wish (WHK-02)."""

import pytest

from domain.webhooks.schedule import DAY, HOUR, MINUTE, SECOND, TRIES_MAX, is_success, next_try_at, retry_after_ms

NOW = 1_767_225_600_000
WAITS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]


def test_the_waits_are_those_of_the_specification() -> None:
    for tries, wait in enumerate(WAITS, 1):
        due = [next_try_at(f"delivery-{n}", tries, NOW) for n in range(200)]
        assert all(at is not None and wait <= at - NOW <= wait * 1.1 for at in due)
        assert len(set(due)) > 50, "they do not come back together"


def test_after_the_last_try_there_is_none() -> None:
    assert TRIES_MAX == 10
    assert next_try_at("d", TRIES_MAX, NOW) is None
    assert next_try_at("d", TRIES_MAX, NOW, retry_after_ms=SECOND) is None


def test_jitter_is_the_same_for_a_repeat() -> None:
    assert next_try_at("d", 2, NOW) == next_try_at("d", 2, NOW)


def test_what_the_receiver_asks_for_is_never_undercut_and_never_shortens() -> None:
    assert next_try_at("d", 1, NOW, retry_after_ms=HOUR) == NOW + HOUR
    soon = next_try_at("d", 2, NOW, retry_after_ms=SECOND)
    assert soon is not None
    assert soon >= NOW + 5 * MINUTE
    assert next_try_at("d", 1, NOW, retry_after_ms=400 * DAY) == NOW + DAY


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", 120_000),
        (" 0 ", 0),
        ("9" * 400, DAY),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120_000),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, wait: int | None) -> None:
    assert retry_after_ms(header, NOW) == wait


@pytest.mark.parametrize(
    ("status", "good"), [(200, True), (204, True), (299, True), (302, False), (404, False), (500, False), (None, False)]
)
def test_only_2xx_is_success(status: int | None, good: bool) -> None:
    assert is_success(status) is good

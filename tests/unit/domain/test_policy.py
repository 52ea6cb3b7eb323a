"""The waits of the policy (LIF-10, LIF-12)."""

from hypothesis import given
from hypothesis import strategies as st

from domain.policy import HOUR, Policy

POLICY = Policy()


@given(st.uuids().map(str), st.integers(1, 9))
def test_a_retry_comes_within_a_fifth_of_its_wait_and_always_at_the_same_time(payout_id: str, attempt: int) -> None:
    """LIF-10: 10 s, 30 s, then 90 s for further tries; jitter from a hash, never random."""
    wait = (10_000, 30_000, 90_000)[min(attempt, 3) - 1]
    due_at = POLICY.retry_at(1_000, payout_id, attempt)
    assert wait * 8 // 10 <= due_at - 1_000 <= wait * 12 // 10
    assert Policy().retry_at(1_000, payout_id, attempt) == due_at


def test_retries_of_many_payouts_are_spread() -> None:
    """LIF-10: so that they do not all come at once."""
    waits = {POLICY.retry_at(0, f"payout {number}", 1) for number in range(500)}
    assert len(waits) > 300
    assert min(waits) < 8_500
    assert max(waits) > 11_500


def test_without_jitter_the_wait_is_the_wait() -> None:
    assert Policy(jitter_percent=0).retry_at(5, "p", 1) == 10_005


def test_inquiries_end_when_the_waits_add_up_to_the_horizon() -> None:
    """LIF-12: 72 h, however late each one was made."""
    policy = Policy(inquiry_waits_ms=(HOUR, 2 * HOUR), inquiry_later_ms=3 * HOUR, inquiry_horizon_ms=9 * HOUR)
    assert [policy.inquire_at(100, inquiry) for inquiry in range(6)] == [
        100 + HOUR,
        100 + 2 * HOUR,
        100 + 3 * HOUR,
        100 + 3 * HOUR,
        None,
        None,
    ]

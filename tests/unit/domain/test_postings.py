"""Double entry: every list sums to zero, no leg is zero, and what is undone is undone exactly (LED-02, LED-05, LED-06)."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import postings
from schemas.events import Posting

MONEY = st.integers(1, 2**62)
FEE = st.integers(0, 2**62)


def per_account(legs: list[Posting]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for leg in legs:
        assert leg.amount_minor
        found[leg.account] += leg.amount_minor
    assert sum(found.values()) == 0
    return dict(found)


@given(MONEY, FEE)
def test_every_kind_of_move_balances(amount: int, fee: int) -> None:
    total = amount + fee
    assert per_account(postings.credit(amount, "USD")) == {"external": -amount, "available": amount}
    assert per_account(postings.hold(total, "USD")) == {"available": -total, "held": total}
    assert per_account(postings.release(total, "USD")) == {"held": -total, "available": total}
    paid = {"held": -total, "clearing:bank": amount, **({"fees": fee} if fee else {})}
    assert per_account(postings.complete(amount, fee, "USD", "bank")) == paid


def test_nothing_is_no_entry() -> None:
    """LED-05: entries are never zero."""
    assert postings.hold(0, "USD") == postings.release(0, "USD") == []


def test_entries_say_what_they_are_for() -> None:
    """LED-05."""
    legs = [*postings.credit(1, "USD"), *postings.hold(1, "USD"), *postings.release(1, "USD")]
    legs += postings.complete(1, 1, "USD", "bank")
    assert [leg.entry_type.value for leg in legs[::2]] == [
        "payment_received", "payout_hold", "payout_release", "payout_completed", "fee_debit",
    ]  # fmt: skip

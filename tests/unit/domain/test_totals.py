"""Totals counted for many rows at once are those counted one by one."""

from hypothesis import given
from hypothesis import strategies as st

from domain.payout.state import Payout
from domain.totals import Totals
from schemas.forms import PayoutForm
from schemas.words import PayoutStatus

CURRENCIES = st.sampled_from(["INR", "UGX", "USD"])
AMOUNTS = st.integers(1, 2**53)
STATUSES = st.sampled_from(PayoutStatus)


def payout(row: tuple[PayoutStatus, str, int]) -> Payout:
    status, currency, amount = row
    return Payout(id="p", merchant_id="m", amount_minor=amount, currency=currency, created_at=1, updated_at=1, status=status)


@given(st.lists(st.tuples(STATUSES, CURRENCIES, AMOUNTS)), STATUSES)
def test_moving_many_is_moving_each(rows: list[tuple[PayoutStatus, str, int]], target: PayoutStatus) -> None:
    each, many = Totals(), Totals()
    for origin, currency, amount in rows:
        each.move(origin, target, currency, amount)
    many.move_all((payout(row) for row in rows), target)
    assert many.deltas() == each.deltas()


@given(st.lists(st.tuples(CURRENCIES, AMOUNTS)))
def test_adding_many_is_adding_each(rows: list[tuple[str, int]]) -> None:
    each, many = Totals(), Totals()
    for currency, amount in rows:
        each.add(PayoutStatus.PENDING, currency, 1, amount)
    many.add_all([PayoutForm(amount_minor=amount, currency=currency) for currency, amount in rows], PayoutStatus.PENDING)
    assert many.deltas() == each.deltas()

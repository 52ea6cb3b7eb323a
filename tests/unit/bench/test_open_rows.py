"""The bench of a processor's memory does what it says: all rows open, then all paid and forgotten."""

from bench.open_rows import Walk, open_rows, pay_rows
from schemas.words import PayoutStatus


def test_rows_are_open_and_then_paid_and_forgotten() -> None:
    walk = Walk()
    open_rows(walk, 1_200)
    payouts = walk.memory.book.payouts
    assert [payout.status for payout in payouts.values()] == [PayoutStatus.PENDING] * 1_200
    pay_rows(walk, 1_200)
    assert not payouts
    assert not walk.timers._heap, "the deadlines of attempts that are over keep nothing"
    assert {kind for kind, _ in walk.took} == {"set up", "added", "attempts", "answers"}

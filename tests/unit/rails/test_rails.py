"""Rails without a network: fairness, flow control, and what each answer means (RAI-04, BAT-15, LIF-09)."""

from typing import Any

import pytest

from domain.book import Batch, Book
from domain.payout.evolve import funded_row
from domain.payout.state import Payout
from schemas.words import BatchPhase, Outcome, PayoutStatus, Reason
from services.processor.rails.lanes import LANE_PART, Lanes
from services.processor.rails.simulator_words import verdict as verdict_of
from services.processor.rails.worklist import Worklist

REFERENCE = "6e342990-302a-42ec-966d-d77641a56669"


def _payout(payout_id: str = "p", **more: Any) -> Payout:
    return Payout(id=payout_id, merchant_id="m", amount_minor=1050, currency="USD", created_at=0, updated_at=0, **more)


def _answer(**more: Any) -> dict[str, Any]:
    return {
        "reference": REFERENCE,
        "amount": "10.50",
        "currency": "USD",
        "status": "paid",
        "provider_reference": "S",
        **more,
    }


def test_bat_15_ten_rows_are_not_held_up_by_a_million() -> None:
    lanes = Lanes()
    lanes.put(("big", "b"), (str(n) for n in range(10_000)))
    lanes.put(("small", None), ["s1", "s2"])
    taken = [lanes.take(1000), lanes.take(1000)]
    assert taken[0] is not None
    assert len(taken[0][1]) == LANE_PART
    assert taken[1] == (("small", None), ["s1", "s2"])
    assert lanes.count == 10_000 - LANE_PART


def test_a_batch_gives_what_one_bulk_call_takes_and_single_payouts_give_as_before() -> None:
    lanes = Lanes(500)
    lanes.put(("big", "b"), (str(n) for n in range(1000)))
    lanes.put(("many", None), (str(n) for n in range(1000)))
    taken = [lanes.take(4000), lanes.take(4000), lanes.take(300)]
    assert [len(part[1]) for part in taken if part] == [500, LANE_PART, 300]


def test_nothing_is_taken_without_a_place() -> None:
    lanes = Lanes()
    lanes.put(("m", None), ["a"])
    assert lanes.take(0) is None
    assert lanes.take(1) == (("m", None), ["a"])
    assert lanes.take(1) is None


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "retryable"),
    [
        (200, _answer(), Outcome.PAID, False),
        (200, _answer(status="in_progress"), Outcome.IN_PROGRESS, False),
        (200, _answer(status="failed", code="payee_unknown"), Outcome.FAILED, False),
        (200, _answer(status="failed", code="provider_busy"), Outcome.FAILED, True),
        (200, _answer(status="failed", code="never_seen"), Outcome.UNKNOWN, False),
        (200, _answer(status="failed", code=None), Outcome.UNKNOWN, False),
        (200, _answer(status="maybe"), Outcome.UNKNOWN, False),
        (200, _answer(amount="10.51"), Outcome.UNKNOWN, False),
        (200, _answer(currency="EUR"), Outcome.UNKNOWN, False),
        (200, _answer(reference="other"), Outcome.UNKNOWN, False),
        (200, "garbage", Outcome.UNKNOWN, False),
        (200, [], Outcome.UNKNOWN, False),
        (500, {"status": "paid"}, Outcome.UNKNOWN, False),
        (504, {"code": "too_late"}, Outcome.UNKNOWN, False),
        (302, {}, Outcome.UNKNOWN, False),
        (-1, "ServerDisconnectedError", Outcome.UNKNOWN, False),
        (400, {"code": "bad_request"}, Outcome.FAILED, False),
        (400, {"code": "what"}, Outcome.UNKNOWN, False),
    ],
)
def test_rai_04_only_a_definite_answer_is_definite(status: int, answer: Any, outcome: Outcome, retryable: bool) -> None:
    verdict = verdict_of(status, answer, _payout(), REFERENCE)
    assert (verdict.outcome, verdict.retryable, verdict.sent) == (outcome, retryable, True)


@pytest.mark.parametrize("status", [0, 429])
def test_what_surely_never_left_may_be_sent_again(status: int) -> None:
    verdict = verdict_of(status, "ClientConnectorError", _payout(), REFERENCE)
    assert (verdict.outcome, verdict.sent) == (Outcome.UNKNOWN, False)


def test_lif_09_only_an_attempt_on_the_log_is_sent() -> None:
    book = Book()
    made = {
        "new": _payout("new"),
        "scheduled": _payout("scheduled", reason=Reason.SCHEDULE, due_at=50),
        "open": _payout("open", status=PayoutStatus.PROCESSING, attempt_count=1, due_at=99),
        "retry": _payout("retry", status=PayoutStatus.PROCESSING, reason=Reason.RETRY, attempt_count=1, due_at=99),
        "funds": _payout("funds", reason=Reason.FUNDS),
        "done": _payout("done", status=PayoutStatus.COMPLETED),
    }
    book.payouts.update(made)
    work = Worklist(book)
    work.look(list(book.payouts))
    assert [p.id for p in work.take_sends()] == ["open"]
    assert work.take_sends() == []
    assert work.take_ready(10) == (("m", None), ["new"])
    assert "done" not in book.payouts
    assert not work.ready.count
    work.release(49)
    assert not work.ready.count
    work.release(50)
    assert work.take_ready(10) == (("m", None), ["scheduled"])
    assert work.in_flight == 3


def test_rows_of_batches_are_sent_in_groups_and_single_payouts_alone() -> None:
    book = Book()
    rows = [
        _payout(f"r{n}", status=PayoutStatus.PROCESSING, attempt_count=1, batch_id="b", row=n, version=2) for n in range(5)
    ]
    single = _payout("s", status=PayoutStatus.PROCESSING, attempt_count=1)
    book.payouts.update({payout.id: payout for payout in (*rows, single)})
    work = Worklist(book, group_max=3)
    work.look(list(book.payouts))
    work.look(["r0"])
    assert work.take_sends() == [single]
    work.open.discard("r4")
    assert [[p.id for p in work.take_group(3)] for _ in range(3)] == [["r0", "r1", "r2"], ["r3"], []]


def test_without_a_bulk_call_rows_are_sent_as_single_payouts_are() -> None:
    book = Book()
    book.payouts["r"] = _payout("r", status=PayoutStatus.PROCESSING, attempt_count=1, batch_id="b", row=1)
    work = Worklist(book)
    work.look(["r"])
    assert [p.id for p in work.take_sends()] == ["r"]
    assert work.take_group(1) == []


def test_an_unknown_outcome_is_asked_after_when_due_and_only_in_its_version() -> None:
    book = Book()
    unknown = _payout(
        "u", status=PayoutStatus.REQUIRES_ACTION, reason=Reason.OUTCOME_UNKNOWN, attempt_count=1, due_at=100, version=3
    )
    book.payouts["u"] = unknown
    work = Worklist(book)
    work.look(["u"])
    assert work.due(99, 10) == []
    assert work.due(100, 10) == [unknown]
    assert work.due(1000, 10) == []


def test_bat_10_rows_that_wait_for_funds_are_not_asked_for_until_they_are_funded() -> None:
    """The release puts all rows of a batch into its lane. Asked for in vain they would be asked for again, every second, for ever."""
    book = Book()
    book.batches["b"] = Batch(id="b", merchant_id="m", created_at=0, phase=BatchPhase.RELEASED, row_count=2)
    book.payouts["held"] = _payout("held", batch_id="b", row=1)
    book.payouts["waits"] = waits = _payout("waits", batch_id="b", row=2, reason=Reason.FUNDS, version=2)
    work = Worklist(book)
    work.ready.put(("m", "b"), ["held", "waits"])
    assert work.take_ready(10) == (("m", "b"), ["held"])
    assert work.starting == {"held"}
    work.start_later(["waits"], 50)
    work.release(50)
    assert not work.ready.count
    book.payouts["waits"] = funded_row(waits, 60)
    work.look(["waits"])
    assert work.take_ready(10) == (("m", "b"), ["waits"])

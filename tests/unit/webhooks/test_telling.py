"""What a record tells: every fact, in order, with a version and a rising order number, and nobody's personal data (WHK-01, WHK-03, SEC-07)."""

from typing import get_args

import pytest

from domain.webhooks import kinds
from domain.webhooks.notice import Notice
from domain.webhooks.tally import BatchMove, Tally, fold, is_late
from domain.webhooks.telling import _TELLERS, tell
from schemas import events
from schemas.events import EventRecord
from schemas.forms import PayoutForm
from schemas.words import BatchPhase, EntryType, PayoutStatus, RecordOutcome
from tests.support.event_story import everything

PAYOUT = "019b0000-0000-7000-8000-000000000001"
BATCH = "019b0000-0000-7000-8000-00000000b000"


def record(*facts: events.Event) -> EventRecord:
    return EventRecord(
        source_offset=0,
        command_id="c",
        command_type="t",
        merchant_id="acme",
        at=1_767_225_600_000,
        outcome=RecordOutcome.DECIDED,
        events=list(facts),  # type: ignore[arg-type]
    )


def notices(parts: list[Notice | BatchMove]) -> list[Notice]:
    tallies: dict[str, Tally] = {}
    found: list[Notice] = []
    for part in parts:
        if isinstance(part, Notice):
            found.append(part)
            continue
        tallies[part.batch_id], told = fold(tallies.get(part.batch_id), part)
        found += told
    return found


def test_every_fact_has_a_teller() -> None:
    assert set(_TELLERS) == set(get_args(events.AnyEvent))


def test_every_kind_that_is_told_can_be_subscribed_to() -> None:
    parts = [part for offset, told in everything(3).records for part in tell(offset, told)]
    told = notices(parts)
    assert {notice.kind for notice in told} <= set(kinds.KINDS)
    assert {"payout.pending.v1", "payout.completed.v1", "batch.progress.v1", "balance.updated.v1"} <= {n.kind for n in told}


@pytest.mark.parametrize("seed", range(5))
def test_order_numbers_rise_and_versions_follow_each_other(seed: int) -> None:
    told = notices([part for offset, rec in everything(seed).records for part in tell(offset, rec)])
    orders = [notice.order for notice in told]
    assert orders == sorted(set(orders)), "no two alike, and in the order of the log"
    by_payout: dict[str, list[int]] = {}
    for notice in told:
        if notice.subject.startswith("payout:"):
            by_payout.setdefault(notice.subject, []).append(notice.version)
    assert by_payout
    for versions in by_payout.values():
        assert versions == sorted(set(versions)), (
            "rows that wait for funds with others, or no longer, are told by their batch alone"
        )


def test_a_repeat_tells_the_same() -> None:
    for offset, rec in everything(1).records:
        assert tell(offset, rec) == tell(offset, rec)


def test_recipients_are_not_kept_and_numbers_in_texts_are_masked() -> None:
    form = PayoutForm(
        amount_minor=100,
        currency="USD",
        recipient={"type": "bank_account", "account_number": "998877665544"},
        description="x",
    )
    failed = events.UnpaidPayout(
        payout_id=PAYOUT, attempt=1, version=2, code="closed", reason="account 998877665544 is closed"
    )
    parts = tell(
        7,
        record(
            events.PayoutAccepted(payout_id=PAYOUT, form=form),
            events.PayoutsFailed(provider="bank", payouts=[failed], postings=[]),
        ),
    )
    assert "998877665544" not in repr(parts)
    assert "XXXXXXXXXXXX5544" in repr(parts)


def test_rows_are_silent_until_their_batch_is_released() -> None:
    rows = [PayoutForm(amount_minor=1, currency="USD", recipient={"account": "12345678"})] * 2
    totals = [events.TotalsDelta(status=PayoutStatus.PENDING, currency="USD", count=2, amount_minor=2)]
    parts = tell(1, record(events.RowsAdded(batch_id=BATCH, first_row=1, rows=rows, totals=totals)))
    assert notices(parts) == []


def test_money_tells_each_currency_once_behind_the_payouts() -> None:
    legs = [
        events.Posting(account="available", amount_minor=-5, currency="USD", entry_type=EntryType.PAYOUT_HOLD),
        events.Posting(account="held", amount_minor=5, currency="USD", entry_type=EntryType.PAYOUT_HOLD),
    ]
    form = PayoutForm(amount_minor=5, currency="USD", recipient={"account": "12345678"})
    told = notices(tell(3, record(events.PayoutAccepted(payout_id=PAYOUT, form=form, postings=legs))))
    assert [(notice.kind, notice.subject) for notice in told] == [
        ("payout.pending.v1", f"payout:{PAYOUT}"),
        ("balance.updated.v1", "balance:USD"),
    ]


def move(order: int, **more: object) -> BatchMove:
    return BatchMove(batch_id=BATCH, merchant_id="acme", order=order, at=1, **more)  # type: ignore[arg-type]


def progress(told: list[Notice]) -> list[object]:
    return [notice.own["percent"] for notice in told if notice.kind == kinds.BATCH_PROGRESS]


def test_each_mark_is_told_once_and_only_after_the_release() -> None:
    tally, told = fold(None, move(0, phase=BatchPhase.OPEN))
    tally, more = fold(tally, move(10, rows=10, done=3))
    assert progress([*told, *more]) == [], "rows that were canceled before it runs"
    tally, told = fold(tally, move(20, phase=BatchPhase.RELEASED))
    assert [notice.kind for notice in told] == [kinds.BATCH_RELEASED, kinds.BATCH_PROGRESS]
    assert progress(told) == [20]
    tally, told = fold(tally, move(30, done=3))
    assert progress(told) == [40, 60]
    tally, told = fold(tally, move(40, done=-2))
    tally, again = fold(tally, move(50, done=2))
    assert progress([*told, *again]) == [], "rows that began again do not tell a mark twice"
    tally, told = fold(tally, move(60, done=4))
    assert progress(told) == [80, 100]
    assert [notice.order for notice in told] == [64, 65]
    assert tally.version == 7
    assert tally.ended_at == 1


@pytest.mark.parametrize("phase", [BatchPhase.REFUSED, BatchPhase.CANCELED])
def test_a_tally_ends_with_its_last_mark_or_its_batch_and_a_late_move_makes_none(phase: BatchPhase) -> None:
    tally, _ = fold(None, move(0, phase=BatchPhase.OPEN, rows=10))
    assert tally.ended_at is None
    assert fold(tally, move(10, phase=phase))[0].ended_at == 1
    running, _ = fold(tally, move(20, phase=BatchPhase.RELEASED, done=9))
    assert running.ended_at is None
    assert not is_late(running, move(30, done=1))
    assert is_late(None, move(30, done=1))
    assert not is_late(None, move(30, rows=1))


def test_a_large_batch_does_not_reach_a_mark_by_rounding_up() -> None:
    tally, _ = fold(None, move(0, rows=1_000_000, phase=BatchPhase.RELEASED))
    tally, told = fold(tally, move(10, done=199_999))
    assert progress(told) == []
    _, told = fold(tally, move(20, done=1))
    assert progress(told) == [20]


@pytest.mark.parametrize(
    ("chosen", "kind", "wanted"),
    [
        ((), "payout.failed.v1", True),
        (("payout.*",), "payout.failed.v1", True),
        (("batch.*",), "payout.failed.v1", False),
        (("payout.failed.v1",), "payout.failed.v1", True),
        (("payout.failed.v1",), "payout.completed.v1", False),
    ],
)
def test_what_an_endpoint_chose(chosen: tuple[str, ...], kind: str, wanted: bool) -> None:
    assert kinds.subscribes(chosen, kind) is wanted

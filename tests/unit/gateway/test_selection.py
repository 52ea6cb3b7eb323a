"""Filters of the channel `payouts`: the same words as the list, and a word on rows that are wanted no more (LIV-03)."""

import pytest

from runtime.http_problems import ProblemError
from services.gateway.live import selection
from services.gateway.live.audience import Audience
from services.gateway.live.cursor import Cursor
from services.gateway.live.selection import FILTERS
from services.gateway.live.subscription import Subscription
from tests.unit.gateway.front import BATCH_ID, change_row
from tests.unit.gateway.test_audience import Hearer


@pytest.mark.parametrize(
    ("text", "given", "wanted"),
    [
        ("status=failed", {"status": "failed"}, True),
        ("status=FAILED,requires_action", {"status": "requires_action"}, True),
        ("status=failed", {"status": "pending"}, False),
        ("attention=warning", {"status": "failed"}, True),
        ("attention=action_required", {"status": "failed"}, False),
        ("currency=usd,eur", {"currency": "EUR"}, True),
        ("currency=USD", {"currency": "EUR"}, False),
        ("reason=funds", {"reason": "funds"}, True),
        ("reason=funds", {}, False),
        ("reference=INV-1", {"reference": "INV-1"}, True),
        ("provider=simulator", {"provider": None}, False),
        ("min_amount=10.00", {"amount_minor": 1000}, True),
        ("min_amount=10.01", {"amount_minor": 1000}, False),
        ("max_amount=10", {"amount_minor": 10, "currency": "JPY"}, True),
        ("max_amount=10", {"amount_minor": 11, "currency": "JPY"}, False),
        ("status=failed&min_amount=1", {"status": "failed", "amount_minor": 1}, False),
    ],
)
def test_what_a_filter_wants(text: str, given: dict[str, object], wanted: bool) -> None:
    found = selection.read(text)
    assert found is not None
    assert found.concerns(change_row(1, **given))
    assert found.wants(change_row(1, **given)) is wanted
    assert found.conditions.parts, "the snapshot is filtered too"


def test_what_a_payout_keeps_for_ever_decides_whether_it_is_told_at_all() -> None:
    of_batch, early = selection.read(f"batch_id={BATCH_ID}"), selection.read("created_before=1970-01-01T00:00:01Z")
    assert of_batch is not None
    assert early is not None
    assert of_batch.concerns(change_row(1, batch_id=BATCH_ID))
    assert not of_batch.concerns(change_row(1))
    assert early.concerns(change_row(1, created_at=1000))
    assert not early.concerns(change_row(1, created_at=1001))


@pytest.mark.parametrize(
    "text",
    ["status=gone", "colour=red", "status", "status=failed&status=failed", "min_amount=x", "merchant_id=demo", "a=%ff"],
)
def test_a_filter_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        selection.read(text)
    assert refused.value.entry.code == "validation_error"
    assert refused.value.errors


def test_no_filters_are_no_selection() -> None:
    assert selection.read("") is None
    assert "merchant_id" not in FILTERS


async def test_liv_03_a_row_that_leaves_the_filter_is_named_with_its_version() -> None:
    audience, hearer = Audience(), Hearer()
    name = f"payouts?status=pending&batch_id={BATCH_ID}"
    chosen = selection.read(name.partition("?")[2])
    to = Subscription(name, "payouts", "demo", "demo", Cursor(3, 0), selection=chosen)
    audience.add(hearer, to)  # type: ignore[arg-type]
    page = [change_row(offset, batch_id=BATCH_ID, status=status) for offset, status in ((1, "pending"), (2, "processing"))]
    await audience.tell_changes(3, [*page, change_row(3)])
    [told] = hearer.told
    assert [change["version"] for change in told["changes"]] == [1]
    assert told["left"] == [{"id": change_row(2)["id"], "version": 2}]
    assert told["cursor"] == "3:2:1@demo"

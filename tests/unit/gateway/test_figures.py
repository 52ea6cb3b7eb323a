"""Figures over memory: what counts as in flight, waiting and unknown; days of zones; charts; each card by itself (CON-01, CON-07, CON-20)."""

from typing import Any

import pytest

from domain.batch.view import LEVELS
from services.gateway.figures import asking, attention, charts, forms, reading
from services.gateway.ranked import BATCHES
from tests.unit.gateway.front import BATCH_ID, Admin, Front

CARDS = ("in-flight", "waiting", "unknown", "paid-today", "failure-rate", "lag", "batches", "payouts")
UNDER_WAY = [
    {"currency": "USD", "status": "pending", "reason": "", "count": 10, "amount_minor": 1000},
    {"currency": "USD", "status": "pending", "reason": "open", "count": 4, "amount_minor": 400},
    {"currency": "USD", "status": "processing", "reason": "", "count": 3, "amount_minor": 300},
    {"currency": "USD", "status": "requires_action", "reason": "", "count": 2, "amount_minor": 200},
    {"currency": "EUR", "status": "pending", "reason": "funds", "count": 1, "amount_minor": 70},
    {"currency": "EUR", "status": "processing", "reason": "in_progress", "count": 1, "amount_minor": 2**60},
]


@pytest.fixture
def busy(front: Front) -> Front:
    front.store.answers[reading.UNDER_WAY] = UNDER_WAY
    return front


async def figure(front: Front, name: str, query: str = "") -> dict[str, Any]:
    answer = await front.get(f"/api/v1/figures/{name}/{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_in_flight_is_what_has_money_set_aside_and_not_what_waits_or_is_unsealed(busy: Front) -> None:
    told = await figure(busy, "in-flight")
    assert told["count"] == 10 - 4 + 3 + 2 + 1
    assert [(s["currency"], s["count"], s["amount"]) for s in told["sums"]] == [
        ("EUR", 1, "11529215046068469.76"),
        ("USD", 11, "11.00"),
    ], "money is text; it may be more than a double holds"


async def test_waiting_says_for_what_and_unknown_stands_alone(busy: Front) -> None:
    waiting = await figure(busy, "waiting")
    assert (waiting["count"], waiting["by_reason"]) == (5, {"funds": 1, "unsealed": 4})
    unknown = await figure(busy, "unknown")
    assert (unknown["count"], unknown["sums"][0]["amount"]) == (2, "2.00")


async def test_counters_of_payouts_count_each_once(busy: Front) -> None:
    busy.store.answers[reading.ENDED] = [{"status": "failed", "count": 5}, {"status": "completed", "count": 7}]
    told = await figure(busy, "payouts")
    assert (told["by_status"]["pending"], told["by_status"]["failed"], told["by_status"]["returned"]) == (11, 5, 0)
    assert told["by_attention"] == {"action_required": 2, "warning": 5 + 1, "info": 4, "none": 10 + 7}


async def test_counters_of_batches_say_what_the_law_says_of_each_kind(front: Front) -> None:
    kinds = [
        {"phase": "released", "states": ["completed", "requires_action"], "waits": False, "count": 2},
        {"phase": "released", "states": ["completed", "failed"], "waits": False, "count": 3},
        {"phase": "refused", "states": ["canceled"], "waits": False, "count": 1},
        {"phase": "open", "states": None, "waits": False, "count": 4},
    ]
    front.store.answers[reading.KINDS_OF_BATCHES] = kinds
    told = await figure(front, "batches")
    assert told["by_attention"] == {"action_required": 2, "warning": 4, "info": 0, "none": 4}
    assert told["by_status"] == {"canceled": 1, "draft": 4, "in_transit": 3, "requires_reconciliation": 2}


@pytest.mark.parametrize(
    ("zone", "day", "begun"),
    [
        ("UTC", "2026-01-01", "2026-01-01T00:00:00.000Z"),
        ("Africa/Kampala", "2026-01-01", "2025-12-31T21:00:00.000Z"),
        ("Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00.000Z"),
        ("America/New_York", "2025-12-31", "2025-12-31T05:00:00.000Z"),
    ],
)
def test_a_day_begins_at_midnight_of_its_zone_on_a_whole_quarter(zone: str, day: str, begun: str) -> None:
    from schemas.times import rfc3339

    at = 1_767_225_600_000 + 60_000
    told, start = asking.day_of(at, zone)
    assert (told, rfc3339(start)) == (day, begun)


async def test_paid_today_and_the_failure_rate_come_from_what_was_counted(front: Front) -> None:
    front.store.answers[reading.COUNTED] = [
        {"word": "paid", "currency": "USD", "count": 97, "amount_minor": 9700},
        {"word": "failed", "currency": "USD", "count": 3, "amount_minor": 300},
    ]
    rate = await figure(front, "failure-rate", "?hours=24")
    assert (rate["paid"], rate["failed"], rate["percent"]) == (97, 3, "3.00")
    front.store.answers[reading.COUNTED] = front.store.answers[reading.COUNTED][:1]
    today = await figure(front, "paid-today", "?zone=Africa/Kampala")
    assert (today["count"], today["sums"][0]["amount"], today["zone"]) == (97, "97.00", "Africa/Kampala")


async def test_nothing_ended_has_no_failure_rate(front: Front) -> None:
    assert (await figure(front, "failure-rate"))["percent"] is None


@pytest.mark.parametrize("name", CARDS)
async def test_every_figure_says_how_old_it_is_and_from_what(front: Front, name: str) -> None:
    told = (await figure(front, name))["freshness"]
    assert told["source"] == "projection"
    assert told["timestamp"].endswith("Z")
    assert isinstance(told["max_age_ms"], int)


async def test_the_lag_needs_no_database(front: Front) -> None:
    front.app.state.door.store.answers = None
    assert (await figure(front, "lag"))["known"] is False
    assert front.store.asked == []


async def test_a_figure_is_asked_once_however_many_look(busy: Front) -> None:
    for _ in range(5):
        await figure(busy, "in-flight")
        await figure(busy, "unknown")
    assert len(busy.store.asked) == 1
    await busy.get("/api/v1/figures/in-flight/", X_Merchant_Id="other")
    assert [arguments["merchant"] for _, arguments in busy.store.asked] == [None, "other"], "never another merchant's"


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("figures/paid-today/?zone=Mars/Base", "query/zone"),
        ("figures/paid-today/?zone=../../etc/passwd", "query/zone"),
        ("figures/failure-rate/?hours=0", "query/hours"),
        ("figures/failure-rate/?hours=169", "query/hours"),
        ("figures/in-flight/?zone=UTC", "query/zone"),
        ("insights/?step=minute", "query/step"),
        ("insights/?from=yesterday", "query/from"),
        ("insights/?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "query/from"),
        ("insights/?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "query/from"),
        ("insights/?from=9999-12-31T00:00:00Z&to=9999-12-31T01:00:00Z", "query/to"),
        ("insights/?currency=XXX1", "query/currency"),
        ("insights/?provider=", "query/provider"),
        ("attention/?limit=3", "query/limit"),
    ],
)
async def test_a_bad_parameter_is_400_and_is_named(front: Front, path: str, pointer: str) -> None:
    answer = await front.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert front.store.asked == []


def test_a_point_of_a_chart_has_its_counts_its_rate_and_its_times() -> None:
    volume = [
        {"starts_at": 0, "word": "paid", "currency": "USD", "count": 3, "amount_minor": 300},
        {"starts_at": 0, "word": "failed", "currency": "USD", "count": 1, "amount_minor": 100},
        {"starts_at": 3_600_000, "word": "accepted", "currency": "USD", "count": 2, "amount_minor": 200},
    ]
    times = [{"starts_at": 0, "within_seconds": 5, "count": 2}, {"starts_at": 0, "within_seconds": 60, "count": 1}]
    first, second = charts.points(volume, times)
    assert (first["paid"], first["failed"], first["percent_paid"]) == (3, 1, "75.00")
    assert first["sums"] == [{"amount": "3.00", "amount_minor": 300, "currency": "USD", "count": 3}]
    assert first["time_to_paid"] == {"p50_seconds": 5, "p90_seconds": 60, "p99_seconds": 60}
    assert (second["accepted"], second["percent_paid"], second["time_to_paid"]) == (2, None, dict.fromkeys(["p50_seconds", "p90_seconds", "p99_seconds"]))  # fmt: skip


async def test_insights_give_the_codes_by_provider_and_since_when_there_are_figures(front: Front) -> None:
    front.store.answers[reading.FIRST] = [{"starts_at": 0}]
    front.store.answers[reading.CODES] = [{"word": "failed", "provider": "simulator", "code": "payee_unknown", "count": 4}]
    front.store.answers[reading.PROVIDERS] = [{"provider": "simulator"}]
    told = (await front.get("/api/v1/insights/?step=day&zone=Africa/Kampala")).json()
    assert told["codes"] == [{"word": "failed", "provider": "simulator", "code": "payee_unknown", "count": 4}]
    assert (told["providers"], told["since"], told["points"]) == (["simulator"], "1970-01-01T00:00:00.000Z", [])
    assert {arguments["step"] for _, arguments in front.store.asked} == {"day"}


def test_what_needs_somebody_is_listed_worst_first_and_in_words() -> None:
    unknown = {
        "id": "p1",
        "merchant_id": "demo",
        "reference": "INV-1",
        "currency": "USD",
        "amount_minor": 1250,
        "failure_reason": None,
        "updated_at": 5,
    }
    failed = {**unknown, "id": "p2", "failure_code": "payee_unknown", "failure_reason": None, "failed_at": 6}
    batch = {
        "id": "b",
        "merchant_id": "demo",
        "name": None,
        "reference": "salaries-11",
        "attention": "warning",
        "attention_reason": "3 rows failed",
        "updated_at": "x",
    }
    items = attention.listed(
        [attention.batch(batch), attention.failed_payout(failed)],
        [attention.unknown_payout(unknown)],
        attention.views(65_000, 1, known=True),
    )
    assert [(item["level"], item["kind"]) for item in items] == [
        ("action_required", "payout"),
        ("action_required", "views"),
        ("warning", "batch"),
        ("warning", "payout"),
    ]
    assert "12.50 USD: nobody can say yet whether it was paid" in str(items[0]["reason"])
    assert [item["name"] for item in items] == ["INV-1", None, "salaries-11", "INV-1"]
    assert "65 s old" in str(items[1]["reason"])
    assert str(items[3]["reason"]) == "12.50 USD failed: payee_unknown"


async def test_attention_asks_for_batches_that_need_somebody_only(front: Front) -> None:
    told = (await front.get("/api/v1/attention/")).json()
    assert [item["kind"] for item in told["results"]] == ["views"], "nobody has measured the lag yet"
    [levels] = [arguments["levels"] for query, arguments in front.store.asked if query == BATCHES]
    assert [LEVELS[number] for number in levels] == ["action_required", "warning"]


async def test_a_key_needs_the_scope_of_figures(front: Front) -> None:
    admin = Admin()
    closed = Front(admin, access="required", secret_key="0123456789abcdef0123456789abcdef")
    without, held = admin.key("payouts:read"), admin.key("figures:read")
    path = "/api/v1/figures/in-flight/"
    assert (await closed.get(path, Authorization=f"Bearer {without}")).status_code == 403
    assert (await closed.get(path, Authorization=f"Bearer {held}")).status_code == 200
    assert [arguments["merchant"] for _, arguments in closed.store.asked] == ["demo"], "its own merchant's only"


def test_a_figure_leaves_out_what_is_not_there() -> None:
    assert forms.figure("x", [("USD", 1, 5), ("USD", -1, -5)]) == {"figure": "x", "count": 0, "sums": []}
    assert BATCH_ID


async def test_con_01_the_lag_too_looks_at_the_merchant_it_is_asked_about(front: Front) -> None:
    assert (await front.get("/api/v1/figures/lag/?merchant_id=0.5")).status_code == 400

"""Figures in Postgres: what the gateway's own queries find is what the book of the same story has (CON-01, CON-07, CON-12, CON-20, CON-25)."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from domain.batch.view import LEVELS, attention_of
from domain.figures import QUARTER_MS, Word
from domain.payout.queues import rows_in_queue
from domain.payout.state import UNFINISHED
from schemas.words import PayoutStatus, Reason
from services.gateway.figures import charts, forms, reading
from services.gateway.filters import Conditions, Paging
from services.gateway.ranked import Place, count_batches, ranked_batches, ranked_payouts
from services.gateway.store import Store
from services.projector import schema as projector_schema
from services.projector.schema import REVISIONS
from tests.integration.projector.views import Views
from tests.support.event_story import PROVIDER, START, EventStory, everything

BATCH = """
WITH one AS (INSERT INTO batches (id, merchant_id, partition, created_at, updated_at, phase, funding, on_row_failure, source, submit, row_count,
    sums_minor, last_offset) VALUES (:id, 'acme', 3, 1, 1, 'released', 'all_or_nothing', 'continue', 'api', true, 3, '{}', 1) RETURNING id)
INSERT INTO batch_totals SELECT id, 'USD', 'failed', 3, 300 FROM one
"""
DAY = 24 * 3_600_000
ALL = {"start": 0, "end": START + 400 * DAY, "provider": None, "currency": None}


@pytest.fixture(params=[1, 4])
async def told(request: pytest.FixtureRequest, views: Views) -> EventStory:
    """A story that the views hold whole."""
    story = everything(request.param)
    await views.project(story.records, 7)
    return story


@pytest.fixture
async def store(told: EventStory, views: Views) -> AsyncIterator[Store]:
    """The gateway's own reading of these views."""
    reads = Store(views.url, views.schema)
    await reads.open()
    yield reads
    await reads.close()


def alone_or_sealed(story: EventStory, payout: Any) -> bool:
    batch = story.book.batches.get(payout.batch_id)
    return batch is None or batch.phase != "open"


def sums(payouts: Any) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for payout in payouts:
        count, amount = found.get(payout.currency, (0, 0))
        found[payout.currency] = (count + 1, amount + payout.amount_minor)
    return found


def shown(figure: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {s["currency"]: (s["count"], s["amount_minor"]) for s in figure["sums"]}


@pytest.mark.parametrize("merchant", [None, "acme", "zebra"])
async def test_con_01_in_flight_waiting_and_unknown_are_what_the_book_has(
    told: EventStory, store: Store, merchant: str | None
) -> None:
    rows = await reading.rows(store, reading.UNDER_WAY, merchant)
    mine = [p for p in told.book.payouts.values() if merchant in {None, p.merchant_id} and p.status in UNFINISHED]
    waits = [p for p in mine if p.status is PayoutStatus.PENDING and (p.reason or not alone_or_sealed(told, p))]
    going = [p for p in mine if p not in waits]
    assert shown(forms.figure("x", forms.in_flight(rows))) == sums(going)
    unknown = [p for p in mine if p.status is PayoutStatus.REQUIRES_ACTION]
    assert shown(forms.figure("x", forms.unknown(rows))) == sums(unknown)
    by_reason = {reason: sum(c for _, c, _ in cells) for reason, cells in forms.waiting(rows).items()}
    true = Counter(p.reason.value if p.reason else Reason.UNSEALED.value for p in waits)
    assert {reason: count for reason, count in by_reason.items() if count} == true


async def test_con_07_counters_of_payouts_and_batches_are_what_the_book_has(told: EventStory, store: Store) -> None:
    under_way, ended = (
        await reading.rows(store, reading.UNDER_WAY, None),
        await reading.rows(store, reading.ENDED, None),
    )
    by_status = forms.payouts_by_status(under_way, ended)
    true = Counter(p.status.value for p in told.book.payouts.values())
    assert {status: count for status, count in by_status.items() if count} == true
    counters = forms.batch_counters(await reading.rows(store, reading.KINDS_OF_BATCHES, None))
    levels = Counter(level_of(told, batch) for batch in told.book.batches.values())
    assert {level: count for level, count in counters["by_attention"].items() if count} == levels
    assert sum(counters["by_status"].values()) == len(told.book.batches)


def level_of(story: EventStory, batch: Any) -> str:
    counts = {status.value: 0 for status in PayoutStatus}
    for payout in story.book.payouts.values():
        if payout.batch_id == batch.id:
            counts[payout.status.value] += 1
    return attention_of(batch.phase, counts, None, rows_in_queue(story.book, batch))[0]


async def test_con_07_batches_by_attention_come_in_the_laws_order_each_once_page_by_page(
    told: EventStory, store: Store
) -> None:
    place, found = Place(), list[Any]()
    while page := await ranked_batches(store, None, LEVELS, place, 3):
        found += page
        place = Place(page[-1]["rank"], page[-1]["id"])
    levels = [LEVELS.index(level_of(told, told.book.batches[row["id"]])) for row in found]
    assert [row["rank"] for row in found] == levels == sorted(levels)
    assert {row["id"] for row in found} == told.book.batches.keys()
    assert len(found) == len(told.book.batches) == await count_batches(store, None, LEVELS)
    for rank in set(levels):
        ids = [row["id"] for row in found if row["rank"] == rank]
        assert ids == sorted(ids, reverse=True), "newest first within a level"
    some = await ranked_batches(store, "acme", ["warning"], Place(), 100)
    assert {row["merchant_id"] for row in some} <= {"acme"}
    assert {row["rank"] for row in some} <= {1}


async def test_con_07_payouts_by_attention_come_each_once_page_by_page(told: EventStory, store: Store) -> None:
    place, found = Place(), list[Any]()
    while page := await ranked_payouts(store, Conditions(), place, 7):
        found += page
        place = page[-1][1]
    assert len(found) == len({row["id"] for row, _ in found}) == len(told.book.payouts)
    ranks = [there.rank for _, there in found]
    assert ranks == sorted(ranks)
    assert {row["status"] for row, there in found if there.rank == 0} <= {"requires_action"}


async def test_con_20_charts_add_up_to_the_book_in_every_step_and_zone(told: EventStory, store: Store) -> None:
    payouts = told.book.payouts.values()
    paid = sum(p.status is PayoutStatus.COMPLETED for p in payouts)
    for step, zone in (("hour", "UTC"), ("day", "UTC"), ("day", "Asia/Kathmandu")):
        asked = {**ALL, "step": step, "zone": zone}
        volume = await reading.rows(store, reading.VOLUME, None, **asked)
        times = await reading.rows(store, reading.TIMES, None, **asked)
        points = charts.points(volume, times)
        assert sum(int(str(point["paid"])) for point in points) == paid
        assert all(row["starts_at"] % QUARTER_MS == 0 for row in volume)
        assert sum(row["count"] for row in times) == paid
    codes = await reading.rows(store, reading.CODES, None, **ALL, step="hour", zone="UTC")
    failed = Counter(p.failure_code for p in payouts if p.status is PayoutStatus.FAILED)
    assert {row["code"]: row["count"] for row in codes if row["word"] == "failed"} == failed
    providers = await reading.rows(store, reading.PROVIDERS, None, **ALL, step="hour", zone="UTC")
    assert [row["provider"] for row in providers] == [PROVIDER]
    [first] = await reading.rows(store, reading.FIRST, None)
    assert first["starts_at"] == START


async def test_con_01_what_was_counted_since_a_moment(told: EventStory, store: Store) -> None:
    counted = await reading.rows(store, reading.COUNTED, "acme", start=0, words=[Word.PAID.value, Word.FAILED.value])
    paid = [p for p in told.book.payouts.values() if p.merchant_id == "acme" and p.status is PayoutStatus.COMPLETED]
    assert {r["currency"]: (r["count"], r["amount_minor"]) for r in counted if r["word"] == "paid"} == sums(paid)
    later = await reading.rows(store, reading.COUNTED, "acme", start=START + 400 * DAY, words=[Word.PAID.value])
    assert later == []


async def test_con_01_single_payouts_that_need_somebody_are_found(told: EventStory, store: Store) -> None:
    unknown = await reading.rows(store, reading.UNKNOWN_ALONE, None, limit=100)
    failed = await reading.rows(store, reading.FAILED_ALONE, None, limit=100, start=0)
    alone = [p for p in told.book.payouts.values() if p.batch_id is None]
    assert {row["id"] for row in unknown} == {p.id for p in alone if p.status is PayoutStatus.REQUIRES_ACTION}
    assert {row["id"] for row in failed} == {p.id for p in alone if p.status is PayoutStatus.FAILED}
    assert [row["updated_at"] for row in unknown] == sorted(row["updated_at"] for row in unknown), "the oldest first"


async def test_con_25_every_payout_has_its_newest_record(told: EventStory, store: Store) -> None:
    ids = list(told.book.payouts)
    places = {row["id"]: row for row in await store.places(ids)}
    assert places.keys() == told.book.payouts.keys()
    records = dict(told.records)
    for payout_id, place in places.items():
        payout = told.book.payouts[payout_id]
        assert records[place["offset"]].at == payout.updated_at


async def test_con_12_the_ledger_is_read_to_its_end_by_cursor(store: Store) -> None:
    base = Conditions()
    base.add("merchant_id = %s AND account IN ('available', 'held', 'fees')", "acme")
    seen: list[tuple[int, int]] = []
    while True:
        wanted = Conditions()
        wanted.parts, wanted.arguments = [*base.parts], [*base.arguments]
        if seen:
            wanted.add('("offset", leg) < (%s, %s)', *seen[-1])
        page = await store.entries(wanted, 5, 0)
        if not page:
            break
        seen += [(row["offset"], row["leg"]) for row in page]
    assert len(seen) == len(set(seen)) == await store.count_entries(base)
    assert seen == sorted(seen, reverse=True)


async def test_api_26_the_entries_of_a_credit_have_its_words_and_no_others(
    told: EventStory, store: Store, views: Views
) -> None:
    views.execute("UPDATE credits SET description = 'for ' || reference WHERE merchant_id = 'acme'")
    wanted = Conditions()
    wanted.add("merchant_id = %s AND account IN ('available', 'held', 'fees')", "acme")
    entries = await store.entries(wanted, 10_000, 0)
    credits_held = views.rows("SELECT * FROM credits WHERE merchant_id = 'acme'")
    came = [row for row in entries if row["entry_type"] == "payment_received"]
    assert {row["credit_reference"] for row in came} == {row["reference"] for row in credits_held}
    amounts = {row["reference"]: (row["amount_minor"], row["currency"], row["created_at"]) for row in credits_held}
    for row in came:
        assert (row["amount_minor"], row["currency"], row["created_at"]) == amounts[row["credit_reference"]]
        assert row["credit_description"] == f"for {row['credit_reference']}"
    assert {row["credit_reference"] for row in entries if row not in came} == {None}
    assert len(entries) == await store.count_entries(wanted)


async def test_api_26_the_revision_finds_the_place_of_credits_there_are(told: EventStory, views: Views) -> None:
    before = views.rows("SELECT * FROM credits ORDER BY merchant_id, reference")
    assert all(row["offset"] is not None for row in before)
    views.execute('UPDATE credits SET "offset" = NULL')
    views.execute(import_module("services.projector.migrations.versions.0009_credit_places").FILL)
    after = views.rows("SELECT * FROM credits ORDER BY merchant_id, reference")
    assert [row for row in after if row["offset"] is not None]
    assert all(row in before or row["offset"] is None for row in after)


async def test_api_27_merchants_are_paged_and_counted(told: EventStory, store: Store) -> None:
    everyone = [row["id"] for row in await store.merchants(None, Paging(limit=100))]
    assert len(everyone) == await store.count_merchants(None) > 1
    behind = await store.merchants(None, Paging(limit=1, cursor=everyone[0], by_cursor=True))
    assert [row["id"] for row in behind] == everyone[1:3]
    assert await store.count_merchants("acme") == 1
    assert await store.merchants(None, Paging(limit=5), active=False) == []


def test_the_revision_fills_rows_by_state_from_the_batches_there_are(database: str) -> None:
    """An upgrade of a running installation: rows of batches stand at once as if they had been counted from the start."""
    name = f"views_{uuid.uuid4().hex[:8]}"
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text(f'CREATE SCHEMA "{name}"'))
        connection.execute(text(f'SET LOCAL search_path TO "{name}"'))
        config = Config()
        config.set_main_option("script_location", str(Path(projector_schema.__file__).parent / "migrations"))
        config.attributes.update(connection=connection, schema=name)
        command.upgrade(config, "0003")
        for number in (1, 2):
            connection.execute(text(BATCH), {"id": f"01a1fce3-eadb-73ce-b132-dc140000000{number}"})
    REVISIONS.upgrade(database, name)
    found = Views(database, name).rows("SELECT merchant_id, currency, status, count, amount_minor FROM row_states")
    assert found == [{"merchant_id": "acme", "currency": "USD", "status": "failed", "count": 6, "amount_minor": 600}]

"""The views in a real Postgres: the same bytes whatever happened on the way (RUN-25, LED-04, guides/RELIABILITY T16 to T18)."""

import asyncio
import contextlib
import json
from collections.abc import Callable

import msgspec
import psycopg
import pytest

from domain.payout.state import UNFINISHED as STILL_OPEN
from domain.payout.state import Payout
from schemas.commands import EditPayout, OpenMerchant, RequestPayout, SealBatch, StartAttempts
from schemas.events import AnyEvent, FundedPayout, PayoutCanceled, PayoutEdited, PayoutsFunded
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id
from services.projector.connections import APPLICATION
from services.projector.moves import DriftError
from services.projector.store import DisplacedError, Store
from services.projector.tables import UNFINISHED
from tests.integration.projector.views import PARTITION, Views, transactions
from tests.support.event_story import HOSTILE, EventStory, everything

SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_views_hold_the_same_bytes_whatever_the_size_of_transactions(
    seed: int, views: Views, other_views: Views
) -> None:
    """RUN-25: no clock, no sequence, no dependence on where transactions were cut."""
    story = everything(seed)
    await views.project(story.records, 1)
    await other_views.project(story.records, (3, 7, 40, 1000)[seed])
    assert views.dump() == other_views.dump()


@pytest.mark.parametrize("seed", SEEDS)
async def test_payouts_are_as_the_law_has_them(seed: int, views: Views) -> None:
    story = everything(seed)
    await views.project(story.records, 11)
    shown = {str(row["id"]): row for row in views.rows("SELECT * FROM payouts")}
    assert shown.keys() == story.book.payouts.keys()
    for payout_id, payout in story.book.payouts.items():
        assert _as_fields(shown[payout_id]) == _stored(payout)


def _stored(payout: Payout) -> dict[str, object]:
    fields = msgspec.structs.asdict(payout)
    return {name: value.replace("\0", "\ufffd") if isinstance(value, str) else value for name, value in fields.items()}


def _as_fields(row: dict[str, object]) -> dict[str, object]:
    fields = {name: str(value) if name.endswith("_id") or name == "id" else value for name, value in row.items()}
    for name in ("batch_id", "bank_account_id", "bank_reference_id"):
        fields[name] = None if row[name] is None else fields[name]
    fields["row"] = fields.pop("row_number")
    fields["recipient"] = json.loads(str(row["recipient"])) if row["recipient"] else None
    assert fields.pop("partition") == PARTITION
    return fields


@pytest.mark.parametrize("seed", SEEDS)
async def test_balances_are_the_fold_of_the_entries_and_of_the_law(seed: int, views: Views) -> None:
    """LED-04."""
    story = everything(seed)
    await views.project(story.records, 5)
    shown = {
        (r["merchant_id"], r["currency"], r["account"]): r["balance_minor"] for r in views.rows("SELECT * FROM balances")
    }
    assert shown == story.book.balances
    folded = views.rows(
        "SELECT merchant_id, currency, account, sum(amount_minor) AS total FROM ledger_entries GROUP BY 1, 2, 3"
    )
    assert {(r["merchant_id"], r["currency"], r["account"]): r["total"] for r in folded} == shown


async def test_batches_are_as_the_law_has_them(views: Views) -> None:
    """BAT-12."""
    story = everything(1)
    await views.project(story.records, 9)
    shown = {str(row["id"]): row for row in views.rows("SELECT * FROM batches")}
    assert shown.keys() == story.book.batches.keys()
    for batch_id, batch in story.book.batches.items():
        row = shown[batch_id]
        assert (row["phase"], row["row_count"], row["version"]) == (batch.phase, batch.row_count, batch.version)
        assert json.loads(row["sums_minor"]) == batch.sums_minor
        out = batch.refused_rows
        assert row["refused_rows"] == (None if out is None else msgspec.json.encode(out).decode())
        assert row["name"] == HOSTILE.replace("\0", "\ufffd")


async def test_keys_remember_answers_byte_for_byte(views: Views) -> None:
    """IDM-03."""
    story = everything(3)
    await views.project(story.records, 40)
    shown = {(row["merchant_id"], row["key"]): row for row in views.rows("SELECT * FROM idempotency_answers")}
    assert shown.keys() == story.book.keys.keys()
    for name, known in story.book.keys.items():
        row = shown[name]
        body = None if known.answer is None else known.answer.body.encode()
        assert (row["body"], row["content_hash"], row["subject"]) == (body, known.content_hash, known.subject)


async def test_every_transaction_delivered_twice_changes_nothing(views: Views, other_views: Views) -> None:
    """RELIABILITY T17: the compare-and-set comes first."""
    story = everything(0)
    await other_views.project(story.records, 4)
    async with views.store() as store:
        for changes in await transactions(store, story.records, 4):
            await store.apply(changes)
            with pytest.raises(DisplacedError):
                await store.apply(changes)
    assert views.dump() == other_views.dump()


async def test_a_transaction_that_begins_beyond_where_the_views_stand_is_not_written(views: Views) -> None:
    """A skipped record would never be noticed again."""
    story = everything(0)
    before = views.dump()
    async with views.store() as store:
        _, second, *_ = await transactions(store, story.records, 4)
        with pytest.raises(DisplacedError):
            await store.apply(second)
    before["projection_offsets"] = [f"({PARTITION},0,0,0)"]
    assert views.dump() == before


async def test_a_crash_before_the_commit_leaves_nothing_and_the_same_is_written_again(
    views: Views, other_views: Views
) -> None:
    story = everything(1)
    await other_views.project(story.records, 6)
    crashing = views.store()
    async with crashing as store:
        for number, changes in enumerate(await transactions(store, story.records, 6)):
            if number % 3 == 1:
                before = views.dump()
                changes.credits.append({"merchant_id": None})  # the last of its statements fails
                with pytest.raises(psycopg.errors.NotNullViolation):
                    await store.apply(changes)
                assert views.dump() == before
                changes.credits.pop()
            await store.apply(changes)
    assert views.dump() == other_views.dump()


async def test_of_two_projectors_of_one_partition_one_writes_each_transaction(views: Views, other_views: Views) -> None:
    """RELIABILITY T17: a zombie's transaction matches no row."""
    story = everything(2)
    await other_views.project(story.records, 10)
    async with views.store() as one, views.store() as two:
        for changes in await transactions(one, story.records, 10):
            outcomes = await asyncio.gather(one.apply(changes), two.apply(changes), return_exceptions=True)
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DisplacedError", "NoneType"]
    assert views.dump() == other_views.dump()


async def test_hostile_text_comes_back_as_it_was(views: Views) -> None:
    story = EventStory()
    story.open("acme", 10_000)
    payout_id = story.mint()
    recipient = {"type": HOSTILE, HOSTILE: HOSTILE}
    form = PayoutForm(amount_minor=5, currency="USD", recipient=recipient, reference=HOSTILE, description=HOSTILE)
    story.tell("acme", RequestPayout(payout_id=payout_id, form=form), key=HOSTILE, actor=HOSTILE)
    story.tell("acme", EditPayout(payout_id=payout_id, description=HOSTILE + "2"), actor=HOSTILE)
    story.tell("zebra", OpenMerchant(name=HOSTILE))
    await views.project(story.records, 100)
    stored = HOSTILE.replace("\0", "\ufffd")
    [payout] = views.rows("SELECT * FROM payouts")
    assert (payout["reference"], payout["description"], payout["idempotency_key"]) == (stored, stored + "2", stored)
    assert json.loads(payout["recipient"]) == recipient
    assert {row["actor"] for row in views.rows("SELECT actor FROM payout_changes")} == {stored}
    assert views.rows("SELECT name FROM merchants WHERE id = 'zebra'") == [{"name": stored}]


@pytest.mark.parametrize(
    "fact",
    [
        lambda payout_id: PayoutCanceled(payout_id=payout_id, version=9),
        lambda payout_id: PayoutEdited(payout_id=payout_id, version=9, form=PayoutForm(amount_minor=1, currency="USD")),
        lambda payout_id: PayoutsFunded(payouts=[FundedPayout(payout_id=payout_id, version=9)], postings=[]),
    ],
)
async def test_a_change_that_does_not_follow_the_payouts_version_is_drift_and_writes_nothing(
    fact: Callable[[str], AnyEvent], views: Views
) -> None:
    story = everything(0)
    *before, (offset, last) = story.records
    await views.project(before, 40)
    dump = views.dump()
    damaged = msgspec.structs.replace(last, events=[fact(next(iter(story.book.payouts)))])
    with pytest.raises(DriftError):
        await views.project([(offset, damaged)], 1)
    assert views.dump() == dump


async def test_a_refused_batch_cancels_its_rows_with_one_change_each_in_row_order(views: Views) -> None:
    story = EventStory()
    story.open("acme", 10)
    batch_id = story.batch("acme", 20, submit=True)
    story.tell("acme", SealBatch(batch_id=batch_id), key=f"batch-{batch_id}")
    await views.project(story.records, 100)
    offset = story.records[-1][0]
    changes = views.rows('SELECT * FROM payout_changes WHERE "offset" = %s ORDER BY idx', offset)
    assert [change["idx"] for change in changes] == list(range(20))
    assert [str(change["payout_id"])[-8:] for change in changes] == [f"{row:08x}" for row in range(1, 21)]
    assert {(c["status"], c["version"], c["failure_code"]) for c in changes} == {("canceled", 2, "insufficient_funds")}


async def test_the_feed_is_told_where_the_views_stand_when_they_stand_there(views: Views) -> None:
    """RELIABILITY T18: the notification is part of the transaction."""
    story = everything(0, steps=3)
    async with await psycopg.AsyncConnection.connect(views.url, autocommit=True) as listener:
        await listener.execute("LISTEN payflow_projection")
        await views.project(story.records, 1000)
        async for notice in listener.notifies(timeout=5, stop_after=1):
            assert notice.payload == f"{PARTITION}:{story.records[-1][0] + 1}"
            break
        else:
            pytest.fail("nobody was told")


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_index_of_unfinished_payouts_has_exactly_them(seed: int, views: Views) -> None:
    """A restart reads them by it; its condition does not name the state, which would cost every change an entry in every index."""
    story = everything(seed)
    await views.project(story.records, 7)
    found = {str(row["id"]) for row in views.rows(f"SELECT id FROM payouts WHERE {UNFINISHED}")}
    assert found == {payout.id for payout in story.book.payouts.values() if payout.status in STILL_OPEN}


async def test_a_payout_that_begins_to_be_paid_changes_on_its_page(views: Views) -> None:
    """No index gets a new entry for it."""
    story = EventStory()
    story.open("acme", 50_000)
    story.credit("acme", 50_000, "EUR")
    batch_id = story.batch("acme", 50)
    story.tell("acme", SealBatch(batch_id=batch_id))
    await views.project(story.records, 1000)
    rows = [row_payout_id(batch_id, row) for row in range(1, 51)]
    story.tell("acme", StartAttempts(provider="bank", payout_ids=rows, batch_id=batch_id))
    await views.project(story.records[-1:], 1000)
    with views.connect() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
    [counted] = views.rows(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'payouts' AND schemaname = %s",
        views.schema,
    )
    assert counted == {"n_tup_upd": 50, "n_tup_hot_upd": 50}


async def test_one_that_froze_in_the_middle_of_a_pipeline_is_ended_by_who_waits_for_it(views: Views) -> None:
    """RUN-20: the server waits for the rest of a pipeline without a time-out; whoever needs the row does not."""
    story = everything(5, steps=3)
    await views.project(story.records, 20)
    frozen = await psycopg.AsyncConnection.connect(
        views.url, options=f"-c search_path={views.schema}", application_name=APPLICATION, autocommit=True
    )
    await frozen.execute("BEGIN")
    frozen.pgconn.enter_pipeline_mode()
    frozen.pgconn.send_query_params(b"UPDATE projection_offsets SET next_offset = next_offset", [])
    frozen.pgconn.send_flush_request()
    frozen.pgconn.flush()
    store = Store(views.url, views.schema)
    try:
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(psycopg.errors.LockNotAvailable):
                    found = await store.position(PARTITION)
                    break
    finally:
        await store.close()
        await frozen.close()
    assert found.next_offset == story.records[-1][0] + 1

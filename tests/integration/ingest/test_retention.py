"""What is old goes, in a real Postgres: what was refused, what was taken, drafts; and nothing that is young."""

import asyncio
import io
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs
from psycopg_pool import AsyncConnectionPool

from runtime import metrics
from runtime.clock import ManualClock
from runtime.ids import mint
from services.ingest import schema
from services.ingest.drafts.store import DISCARDED, DRAFT, SUBMITTED, Draft, DraftStore
from services.ingest.problems import ProblemError
from services.ingest.retention import AT_ONCE, DAY_MS, Ages, Retention
from services.ingest.staging.store import COLUMNS_REMEMBERED, Content, Staging
from services.ingest.staging.upload_record import UploadState
from tests.integration.ingest.test_staging import content, upload
from tests.support.ingest_stack import IngestStack, wait_for

pytestmark = pytest.mark.integration

SCHEMA = "retention_alone"
NOW = 1000 * DAY_MS
AGES = Ages(files=30, fingerprints=400, drafts=90)


@pytest.fixture
async def pool(database: str) -> "AsyncIterator[AsyncConnectionPool[Any]]":
    schema.REVISIONS.upgrade(database, SCHEMA)
    options = {"options": f"-c search_path={SCHEMA}"}
    async with AsyncConnectionPool(database, min_size=1, max_size=4, kwargs=options, open=False) as opened:
        async with opened.connection() as link:
            assert await schema.REVISIONS.stands(link)
            await link.execute("TRUNCATE uploads, upload_pieces, upload_corrections, column_mappings, drafts")
        yield opened


def retention(pool: Any, now: int = NOW) -> Retention:
    return Retention(pool, ManualClock(now), AGES)


async def staged(pool: Any, days: int, state: UploadState, **values: Any) -> Any:
    """A file that came to this state so many days ago."""
    at = NOW - days * DAY_MS
    made = upload("m", created_at=at, updated_at=at, **values)
    staging = Staging(pool)
    await staging.save(made, Content(io.BytesIO(b"x" * 2_000_000), io.BytesIO(b"{}\n")), {1: {"amount": "1.00"}})
    if state is not UploadState.REFUSED:
        await staging.claim(made, frozenset(), "it is meant")
        await staging.finish(made.id, state, at)
    return made


async def count(pool: Any, table: str) -> int:
    async with pool.connection() as link:
        return int((await (await link.execute(f"SELECT count(*) FROM {table}")).fetchone())[0])


async def test_a_refused_file_goes_whole_and_a_young_one_stays(pool: Any) -> None:
    old = [await staged(pool, 31, UploadState.REFUSED) for _ in range(AT_ONCE + 1)]
    young = await staged(pool, 29, UploadState.REFUSED)
    assert await retention(pool).once() == {
        "refused_file": AT_ONCE + 1,
        "file_content": 0,
        "file_fingerprint": 0,
        "draft": 0,
    }
    assert await Staging(pool).upload(old[0].id) is None
    assert await Staging(pool).upload(young.id) == young
    assert (await count(pool, "upload_pieces"), await count(pool, "upload_corrections")) == (5, 1), "those of the young one"
    assert not any((await retention(pool).once()).values()), "a repeat finds nothing"


@pytest.mark.parametrize("state", [UploadState.ACCEPTED, UploadState.SUBMITTING, UploadState.NOT_ACCEPTED])
async def test_of_a_file_that_was_taken_the_fingerprint_stays_and_is_known_again__BAT_06(
    pool: Any, state: UploadState
) -> None:
    old, young = await staged(pool, 31, state, file_name="salaries of Ann.csv"), await staged(pool, 29, state)
    gone = await retention(pool).once()
    assert (gone["file_content"], gone["file_fingerprint"]) == (1, 0)
    left = await Staging(pool).upload(old.id)
    assert left is not None
    assert (left.state, left.content_deleted_at, left.file_name, left.options.raw) == (state, NOW, "", {})
    assert await count(pool, "upload_pieces") == 5, "those of the young one"
    assert await Staging(pool).upload(young.id) is not None
    like = await Staging(pool).like(structs.replace(upload("m"), sha256=old.sha256))
    assert [one.id for one in like] == ([] if state is UploadState.NOT_ACCEPTED else [old.id])
    assert not any((await retention(pool).once()).values()), "a repeat finds nothing"
    later = await retention(pool, NOW + 370 * DAY_MS).once()
    assert (later["file_content"], later["file_fingerprint"]) == (1, 1), "the fingerprint goes at its own age"
    assert await Staging(pool).upload(old.id) is None


async def test_a_correction_does_not_bring_back_what_went_meanwhile__BAT_11(pool: Any) -> None:
    old = await staged(pool, 31, UploadState.REFUSED)
    await retention(pool).once()
    with pytest.raises(ProblemError, match="invalid_state_transition"):
        await Staging(pool).save(structs.replace(old, version=2), Content(None, io.BytesIO(b"")), {1: {"amount": "2.00"}})
    assert await count(pool, "uploads") == 0


async def test_a_file_that_is_sent_again_under_its_key_is_whole_again(pool: Any) -> None:
    old = await staged(pool, 31, UploadState.SUBMITTING)
    await retention(pool).once()
    left = await Staging(pool).upload(old.id)
    assert left is not None
    await Staging(pool).save(structs.replace(old, version=left.version + 1, updated_at=NOW), content(b"abc"))
    again = await Staging(pool).upload(old.id)
    assert again is not None
    assert (again.content_deleted_at, again.file_name) == (None, old.file_name)


@pytest.mark.parametrize("status", [DRAFT, SUBMITTED, DISCARDED])
async def test_drafts_go_in_every_state__LIF_05(pool: Any, status: str) -> None:
    store = DraftStore(pool)
    for days, key in ((91, "old"), (89, "young")):
        at = NOW - days * DAY_MS
        draft = await store.add(
            Draft(id=mint(), merchant_id="m", idempotency_key=key, kind="payout", content={"a": "b"}, created_at=at)
        )
        if status != DRAFT:
            await store.move(draft, status, at)
    assert (await retention(pool).once())["draft"] == 1
    async with pool.connection() as link:
        rows = await (await link.execute("SELECT idempotency_key FROM drafts")).fetchall()
    assert rows == [("young",)]


async def test_two_at_once_do_no_harm_and_the_metrics_say_what_there_is(pool: Any) -> None:
    before = metrics.EXPIRED.labels("refused_file")._value.get()
    for _ in range(30):
        await staged(pool, 31, UploadState.REFUSED)
    await staged(pool, 1, UploadState.ACCEPTED)
    gone = await asyncio.gather(*(retention(pool).once() for _ in range(3)))
    assert sum(one["refused_file"] for one in gone) == 30
    await retention(pool).once()
    assert metrics.EXPIRED.labels("refused_file")._value.get() == before + 30
    assert metrics.STAGED_FILES.labels("kept")._value.get() == 1
    assert metrics.STAGED_BYTES.labels("files")._value.get() > 0
    assert metrics.EXPIRY_ROUND._value.get() == NOW / 1000


async def test_of_remembered_columns_the_newest_are_kept__BAT_04(pool: Any) -> None:
    staging = Staging(pool)
    await staging.remember("m", {f"old {number}": "ignore" for number in range(COLUMNS_REMEMBERED)}, 1)
    await staging.remember("m", {"new": "amount"}, 2)
    kept = await staging.mapping("m")
    assert (len(kept), kept["new"]) == (COLUMNS_REMEMBERED, "amount")


def test_the_running_service_deletes_by_age_and_says_so(stack: IngestStack) -> None:
    port = stack.stack.environ["INGEST_METRICS_PORT"]

    def last_round() -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line for line in lines if line.startswith("payflow_expiry_round_seconds ")).rsplit(" ", 1)[1])

    wait_for("a round", lambda: last_round() > 1_700_000_000, 30)

"""Staged files in a real Postgres: kept in pieces, claimed once, corrected, remembered."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs
from psycopg_pool import AsyncConnectionPool

from runtime.ids import mint
from services.ingest import schema
from services.ingest.problems import ProblemError
from services.ingest.staging.pieces import FAULTS, FILE
from services.ingest.staging.store import Content, Staging
from services.ingest.staging.upload_record import FileOptions, Report, Upload, UploadState

pytestmark = pytest.mark.integration

SCHEMA = "staging_alone"


@pytest.fixture
async def staging(database: str) -> AsyncIterator[Staging]:
    assert schema.REVISIONS.upgrade(database, SCHEMA) == schema.REVISIONS.newest()
    assert schema.REVISIONS.upgrade(database, SCHEMA) == schema.REVISIONS.newest(), "a repeat changes nothing"
    options = {"options": f"-c search_path={SCHEMA}"}
    async with AsyncConnectionPool(database, min_size=1, max_size=8, kwargs=options, open=False) as pool:
        yield Staging(pool)


def upload(merchant: str, **values: Any) -> Upload:
    made = Upload(
        id=mint(), merchant_id=merchant, idempotency_key=mint(), state=UploadState.REFUSED, kind="csv", file_name="f.csv", sha256=mint(),
        options=FileOptions(mapping={"betrag": "amount"}, raw={"name": "n"}), report=Report(row_count=3, equal_rows=[(3, 1)]),
        created_at=1, updated_at=1, rows_sha256=mint(),
    )  # fmt: skip
    return structs.replace(made, **values)


def content(file: bytes = b"x", faults: bytes = b"") -> Content:
    return Content(io.BytesIO(file), io.BytesIO(faults))


async def test_a_file_comes_back_byte_for_byte__BAT_08(staging: Staging) -> None:
    made, data = upload(f"m-{mint()}"), os.urandom(3_000_000)
    await staging.save(made, content(data, b"{}\n" * 10))
    async with staging.open(made.id, FILE) as file, staging.open(made.id, FAULTS) as faults:
        assert file.read() == data
        assert faults.read() == b"{}\n" * 10
    assert await staging.upload(made.id) == made
    assert await staging.under_key(made.merchant_id, made.idempotency_key, made.sha256) == made
    await staging.save(structs.replace(made, version=2), Content(None, io.BytesIO(b"")))
    async with staging.open(made.id, FILE) as file, staging.open(made.id, FAULTS) as faults:
        assert (file.read() == data, faults.read()) == (True, b"")


@pytest.mark.parametrize("same", ["sha256", "rows_sha256", "message_id"])
async def test_of_equal_files_at_once_one_is_claimed__BAT_06(staging: Staging, same: str) -> None:
    merchant, value = f"m-{mint()}", mint()
    made = [upload(merchant, **{same: value}) for _ in range(6)]
    for one in made:
        await staging.save(one, content())
    found = await asyncio.gather(*(staging.claim(one, frozenset(), None) for one in made))
    assert sorted(len(others) for others in found) == [0, 1, 1, 1, 1, 1]
    other = upload(f"m-{mint()}", **{same: value})
    await staging.save(other, content())
    assert await staging.claim(other, frozenset(), None) == [], "another merchant's files do not count"
    last = upload(merchant, **{same: value})
    await staging.save(last, content())
    assert await staging.claim(last, frozenset(), "it is meant") == []
    kept = await staging.upload(last.id)
    assert kept is not None
    assert (kept.state, kept.override_reason) == (UploadState.SUBMITTING, "it is meant")


async def test_what_is_submitted_is_not_overwritten_under_another_key__BAT_11(staging: Staging) -> None:
    made = upload(f"m-{mint()}")
    await staging.save(made, content())
    assert await staging.claim(made, frozenset(), None) == []
    await staging.save(structs.replace(made, version=2), content())
    assert await staging.claim(structs.replace(made, version=2), frozenset(), None) == []
    with pytest.raises(ProblemError, match="invalid_state_transition"):
        await staging.save(structs.replace(made, version=3, idempotency_key=mint()), content())


async def test_of_two_corrections_at_once_one_is_kept__BAT_11(staging: Staging) -> None:
    made = upload(f"m-{mint()}")
    await staging.save(made, content())
    one, other = (structs.replace(made, version=2, idempotency_key=mint()) for _ in range(2))
    await staging.save(one, content(), {1: {"amount": "1.00"}})
    with pytest.raises(ProblemError, match="invalid_state_transition"):
        await staging.save(other, content(), {1: {"amount": "2.00"}})
    with pytest.raises(ProblemError, match="invalid_state_transition"):
        await staging.claim(made, frozenset(), None)
    assert await staging.claim(one, frozenset(), None) == []
    assert await staging.corrections(made.id) == {1: {"amount": "1.00"}}


async def test_corrections_are_kept_and_replaced__BAT_11(staging: Staging) -> None:
    made = upload(f"m-{mint()}")
    await staging.save(made, content(), {2: {"amount": "1.00"}, 7: {"name": "Zoë"}})
    assert await staging.corrections(made.id) == {2: {"amount": "1.00"}, 7: {"name": "Zoë"}}
    await staging.save(structs.replace(made, version=2), content())
    assert len(await staging.corrections(made.id)) == 2, "None means as before"
    await staging.save(structs.replace(made, version=3), content(), {})
    assert await staging.corrections(made.id) == {}


async def test_a_mapping_is_remembered_and_forgotten__BAT_04(staging: Staging) -> None:
    merchant = f"m-{mint()}"
    await staging.remember(merchant, {"betrag": "amount", "filiale": "ignore"}, 1)
    await staging.remember(merchant, {"filiale": "description"}, 2)
    assert await staging.mapping(merchant) == {"betrag": "amount", "filiale": "description"}
    await staging.forget(merchant)
    await staging.forget(merchant)
    assert await staging.mapping(merchant) == {}


async def test_without_a_database_nothing_is_staged() -> None:
    async with AsyncConnectionPool("postgresql://127.0.0.1:1/none", min_size=0, max_size=1, open=False) as pool:
        with pytest.raises(ProblemError, match="staging_unavailable"):
            await Staging(pool).ping()

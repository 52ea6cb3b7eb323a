"""A message that names its batch by the key of the opening finds it, also while the views are behind (INB-01, INB-03)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.ingest.inbox import openings
from tests.unit.ingest.conftest import GOOD, Ingest
from tests.unit.ingest.test_inbox_audit import TOPIC, Trail, judge


def record(offset: int, kind: str, key: str, **data: object) -> Any:
    given = {"topic": TOPIC, "partition": 3, "offset": offset, "timestamp": 1, "key": b"demo", "headers": ()}
    return SimpleNamespace(**given, value=msgspec.json.encode({"type": kind, "idempotency_key": key, "data": data}))


def rows(offset: int, key: str = "open-1") -> Any:
    return record(offset, "add_rows", f"r-{offset}", batch_key=key, first_row=1, rows=[GOOD])


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "RETRY_SECONDS", 0.01)


async def test_rows_for_an_opening_that_another_process_judged_wait_for_the_views__INB_01(ingest: Ingest) -> None:
    [opened] = await judge(ingest, Trail()).judge([record(1, "open_batch", "open-1")])
    ingest.store.lags = True
    other = asyncio.create_task(judge(ingest, Trail()).judge([rows(2)]))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not other.done(), "the views cannot know yet whether there is such a batch"
    ingest.store.lags = False
    [added] = await other
    assert (added.reply.result, added.reply.status) == ("accepted", 200)
    assert ingest.log.book.batches[str(opened.reply.subject)].row_count == 1


async def test_rows_for_a_key_that_opened_nothing_are_refused_once_the_views_know__INB_03(ingest: Ingest) -> None:
    [refused] = await judge(ingest, Trail()).judge([rows(2, "never")])
    assert (refused.reply.result, refused.reply.code) == ("refused", "not_found")
    assert not ingest.log.book.batches

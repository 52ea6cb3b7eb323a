"""When a read is asked again, and when not (ERR-05)."""

from typing import Any

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from runtime.http_problems import ProblemError
from services.gateway.store import Store


class Pool:
    """A pool that says each of `faults` once, and then nothing."""

    def __init__(self, faults: list[Exception]) -> None:
        self.faults = faults
        self.asked = self.checked = 0

    async def check(self) -> None:
        self.checked += 1

    def connection(self) -> "Pool":
        return self

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def execute(self, query: str, arguments: object) -> "Pool":
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return self

    async def fetchall(self) -> list[dict[str, Any]]:
        return [{"one": 1}]


def _store(*faults: Exception) -> tuple[Store, Pool]:
    store, pool = Store("postgresql://nobody@127.0.0.1:1/x", "public"), Pool(list(faults))
    store._pool = pool
    return store, pool


async def test_a_dead_connection_lets_all_dead_ones_go_and_the_read_is_asked_once_more() -> None:
    store, pool = _store(psycopg.errors.AdminShutdown())
    assert await store.one("SELECT 1 AS one") == {"one": 1}
    assert (pool.asked, pool.checked) == (2, 1)


@pytest.mark.parametrize(
    ("faults", "asked"),
    [
        ([psycopg.OperationalError(), psycopg.OperationalError()], 2),
        ([psycopg.errors.QueryCanceled()], 1),
        ([PoolTimeout()], 1),
    ],
)
async def test_a_database_that_is_away_or_too_slow_is_503_and_not_asked_again_and_again(
    faults: list[Exception], asked: int
) -> None:
    store, pool = _store(*faults)
    with pytest.raises(ProblemError) as refused:
        await store.one("SELECT 1 AS one")
    assert (refused.value.entry.code, pool.asked) == ("view_unavailable", asked)

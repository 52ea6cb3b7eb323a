"""Reading the views over a database that was restarted meanwhile (ERR-05)."""

import asyncio

import psycopg

from services.gateway.store import Store

MARK = "SELECT 1 AS one, pg_sleep(0.3) /* gateway pool */"
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%gateway pool%'"


async def test_err_05_after_a_restart_of_the_database_no_read_pays_for_the_pools_dead_connections(database_url: str) -> None:
    store = Store(database_url, "public")
    await store.open()
    try:
        await asyncio.gather(*(store.one(MARK) for _ in range(10)))  # the pool grows
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            ended = await (await connection.execute(END)).fetchall()
        assert len(ended) >= 8
        for _ in range(12):
            assert await store.one("SELECT 1 AS one") == {"one": 1}
    finally:
        await store.close()

"""What delivers reads no more than it works on, whatever was known of the table when its plans were made: see the module `queue` (WHK-05).

Counted are the rows and index entries of `deliveries` that Postgres read, not time. Autovacuum is off there, so that statistics stay as
bad as the test made them.
"""

from collections.abc import Awaitable, Callable

import pytest

from services.webhooks.notebook import RENEWED
from tests.integration.webhooks.ground import Ground
from tests.integration.webhooks.test_queue import finish, take

PAYOUTS = 10_000
"""For each of two endpoints, one of them dead; there are two deliveries of each payout."""
FEW = 200
ROUNDS = 12
"""So many uses, and psycopg has had each statement prepared, and Postgres has made up its mind to keep a plan."""
AT_ONCE = 16
READS = 40
"""Of one delivery that is taken, tried and written down; it is about 15. Bad plans read thousands, on and on."""
BALANCE = '[{"endpoint_id": "%s", "subject": "balance:UGX", "ord": 5, "at": 5}]'


async def untouched(here: Ground, endpoint: str) -> None:
    """Nobody has looked at the table yet."""


async def analysed_empty(here: Ground, endpoint: str) -> None:
    """Somebody did when there was nothing in it."""
    await here.rows("ANALYZE deliveries")


async def analysed_when_all_was_delivered(here: Ground, endpoint: str) -> None:
    """By what is known, nothing is ever pending."""
    await fill(here, endpoint, PAYOUTS, "delivered")
    await here.rows("ANALYZE deliveries")


async def analysed_small(here: Ground, endpoint: str) -> None:
    """A few were pending, and nothing else was there."""
    await fill(here, endpoint, FEW)
    await here.rows("ANALYZE deliveries")


@pytest.mark.parametrize(
    "prepare", [untouched, analysed_empty, analysed_when_all_was_delivered, analysed_small], ids=lambda one: one.__name__
)
async def test_a_delivery_costs_the_same_reads_whatever_waits_and_whatever_plans_were_kept(
    here: Ground, prepare: Callable[[Ground, str], Awaitable[None]]
) -> None:
    await here.rows("ALTER TABLE deliveries SET (autovacuum_enabled = off)")
    good, dead = await here.endpoint("acme"), await here.endpoint("acme", "http://127.0.0.1:10/")
    await prepare(here, good)
    await fill(here, good, FEW)
    for _ in range(ROUNDS):
        await one_round(here, good)
    await fill(here, dead, PAYOUTS)
    await fill(here, good, PAYOUTS)
    await one_round(here, good)  # steps over what was delivered before
    before, letters = await reads(here), 0
    for _ in range(ROUNDS):
        letters += await one_round(here, good)
    assert letters == ROUNDS * AT_ONCE
    assert (await reads(here) - before) / letters < READS


async def one_round(here: Ground, endpoint: str) -> int:
    """What a lane and the follower do: who is due, take some, give one back, write down the others, renew a balance that waits."""
    await here.queue.endpoints_due(here.now)
    taken = await take(here, endpoint, AT_ONCE)
    await here.queue.put_off([taken.letters[0].id], taken.claim, here.now)
    await finish(here, taken, endpoint, only=taken.letters[1:])
    await here.rows(RENEWED, BALANCE % endpoint)
    return len(taken.letters)


async def fill(here: Ground, endpoint: str, payouts: int, status: str = "pending") -> None:
    """Two deliveries of each of some new payouts, due for a second."""
    await here.rows(
        "INSERT INTO deliveries (id, endpoint_id, merchant_id, subject, kind, version, ord, partition, at, own, status, due_at, finished_at) "
        "SELECT gen_random_uuid(), %s, 'acme', subject, 'payout.completed', version, version, 0, 1, '{}', %s, %s + version, %s "
        "FROM (SELECT 'payout:' || gen_random_uuid() AS subject FROM generate_series(1, %s)) payouts, generate_series(1, 2) version",
        endpoint,
        status,
        here.now - 1000,
        None if status == "pending" else here.now - 500,
        payouts,
    )


async def reads(here: Ground) -> int:
    """How many rows and index entries of deliveries have been read so far."""
    await here.rows("SELECT pg_stat_force_next_flush()")
    found = await here.rows(
        "SELECT (SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relid = 'deliveries'::regclass) + "
        "(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relid = 'deliveries'::regclass) AS reads"
    )
    return int(found[0]["reads"])

"""When everything is done: all commands decided, all events projected, no payout that is neither ended nor parked in sight.

Owns the question and the patience. A payout is parked when it waits where an operator sees it: for funds, in an open batch, or for a provider
that never gives a definite answer (the payee 0003).
"""

import asyncio
import time

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.faults import upstream_dump
from tests.faults.cluster import PARTITIONS, UPSTREAM, Cluster
from tests.faults.journal import now_ms

RECENT_MS = 60_000

_WORKING = (
    "SELECT count(*) FROM payouts p LEFT JOIN batches b ON b.id = p.batch_id WHERE p.status IN ('pending','processing','requires_action') "
    "AND NOT (p.status = 'requires_action' AND p.recipient::text LIKE '%%+256700000003%%') AND COALESCE(p.reason, '') <> 'funds' "
    "AND COALESCE(b.phase, '') <> 'open'"
)
_STANDS = "SELECT partition, next_source FROM projection_offsets"


async def until_quiet(cluster: Cluster, seconds: float) -> float | None:
    """Seconds until it was quiet, or None if it was not within `seconds`."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if await asyncio.to_thread(is_quiet, cluster):
            return time.monotonic() - began
        await asyncio.sleep(0.5)
    return None


async def until_level(cluster: Cluster, seconds: float) -> bool:
    """Wait until all commands are decided and projected; whether that came to be within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await asyncio.to_thread(is_level, cluster):
            return True
        await asyncio.sleep(0.3)
    return False


def is_quiet(cluster: Cluster) -> bool:
    """Whether nothing moves any more and nothing is owed."""
    try:
        return cluster.query(_WORKING)[0][0] == 0 and is_level(cluster)
    except psycopg.Error:
        return False


def is_level(cluster: Cluster) -> bool:
    """Whether the views stand at the end of the commands."""
    try:
        stands = dict(cluster.query(_STANDS))
        ends = _ends(cluster.kafka.bootstrap, "payouts.commands")
        return all(stands.get(partition, 0) == end for partition, end in ends.items()) and _answered(cluster)
    except (psycopg.Error, KafkaException):
        return False


def _answered(cluster: Cluster) -> bool:
    """Whether every record of the inbox has its reply: the group's committed offsets are at the ends."""
    ends = _ends(cluster.kafka.bootstrap, f"payouts.inbox.{UPSTREAM}")
    committed = upstream_dump.committed(cluster.kafka.bootstrap, list(ends))
    return all(committed.get(partition, 0) >= end for partition, end in ends.items())


def _ends(bootstrap: str, topic: str) -> dict[int, int]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "log_level": 0, "group.id": "payflow-fault-tests"})
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        return {place.partition: consumer.get_watermark_offsets(place, 5.0)[1] for place in places}
    finally:
        consumer.close()


def states(cluster: Cluster) -> dict[str, int]:
    """Payouts by state: those that stand in an unfinished one, and those that came into any state in the last RECENT_MS.

    Empty while the views cannot say.
    """
    recent = "status IN ('pending', 'processing', 'requires_action') OR updated_at > %s"
    try:
        found = cluster.query(f"SELECT status, count(*) FROM payouts WHERE {recent} GROUP BY 1", now_ms() - RECENT_MS)
    except psycopg.Error:
        return {}
    return {str(status): int(str(count)) for status, count in found}

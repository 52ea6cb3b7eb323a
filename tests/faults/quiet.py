"""When everything is done: all commands decided, all events projected, no payout that is neither ended nor parked in sight.

Owns the question and the patience. A payout is parked when it waits where an operator sees it: for funds, in an open batch, or for a provider
that never gives a definite answer (the payee 0003).
"""

import asyncio
import time

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.faults.cluster import PARTITIONS, Cluster

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
        return all(stands.get(partition, 0) == end for partition, end in _ends(cluster.kafka.bootstrap).items())
    except (psycopg.Error, KafkaException):
        return False


def _ends(bootstrap: str) -> dict[int, int]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "log_level": 0, "group.id": "payflow-fault-tests"})
    try:
        places = [TopicPartition("payouts.commands", number) for number in range(PARTITIONS)]
        return {place.partition: consumer.get_watermark_offsets(place, 5.0)[1] for place in places}
    finally:
        consumer.close()


def states(cluster: Cluster) -> dict[str, int]:
    """Payouts by state, as far as the views can say; empty while they cannot."""
    try:
        return {
            str(status): int(str(count))
            for status, count in cluster.query("SELECT status, count(*) FROM payouts GROUP BY 1")
        }
    except psycopg.Error:
        return {}

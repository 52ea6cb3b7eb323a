"""Replies and the inbox's offset in one Kafka transaction.

Owns one transactional producer per inbox partition, `ingest-inbox-<upstream>-<partition>`: a new owner of the partition fences the old
one when it opens. After any error the producer is dropped and the partition read again from the committed offset. Must not know
what a reply says.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition

from runtime import failpoints
from runtime.event_log import connection, letting_go
from schemas.topics import REPLIES

OPEN_SECONDS = 15.0
WRITE_SECONDS = 8.0
"""Below the transaction time-out, so that we give up before the broker does."""
TRANSACTION_MS = 10_000


class Outgoing(NamedTuple):
    """One record for `payouts.replies`."""

    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


def group_of(upstream: str) -> str:
    """The consumer group that reads an upstream's inbox. Never rename it: its committed offsets are the place."""
    return f"ingest-inbox-{upstream}"


class ReplyWriter:
    """Writes the replies of one inbox partition. Any error leaves it unusable: drop it and open a new one."""

    def __init__(self, bootstrap: str, upstream: str, place: TopicPartition) -> None:
        """Not open yet."""
        self._group = group_of(upstream)
        self._place = place
        self._producer: AIOKafkaProducer = connection.producer(
            bootstrap,
            transactional_id=f"{self._group}-{place.partition}",
            transaction_timeout_ms=TRANSACTION_MS,
        )

    async def open(self) -> None:
        """Become the only writer for this partition; what an older one left open is aborted. Raises KafkaError, TimeoutError."""
        async with asyncio.timeout(OPEN_SECONDS):
            await self._producer.start()

    async def write(self, replies: Sequence[Outgoing], next_offset: int) -> None:
        """Write all replies and commit `next_offset` together. Raises on any trouble; the outcome is then unknown."""
        async with asyncio.timeout(WRITE_SECONDS):
            await self._transaction(replies, next_offset)

    async def _transaction(self, replies: Sequence[Outgoing], next_offset: int) -> None:
        await self._producer.begin_transaction()
        sent = [
            await self._producer.send(REPLIES.name, reply.value, key=reply.key, headers=reply.headers) for reply in replies
        ]
        await asyncio.gather(*sent)
        await failpoints.reach("inbox.sent")
        await self._producer.send_offsets_to_transaction({self._place: next_offset}, self._group)
        await self._producer.commit_transaction()

    async def drop(self) -> None:
        """Let go, in bounded time whatever state the producer is in."""
        await letting_go.let_go(self._producer)

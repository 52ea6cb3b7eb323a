"""Appending commands to `payouts.commands`.

Owns durability: an append returns only when all replicas have the record, and raises within a bound otherwise. Never transactional:
offsets on this topic must be dense (DESIGN section 7, trap 15). Must not know who decides.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime.event_log import connection
from schemas.codec import encode
from schemas.commands import CommandRecord
from schemas.topics import COMMANDS, partition_of

APPEND_SECONDS = 10.0


class LogUnavailableError(Exception):
    """The log did not confirm an append in time. Whether it has the record is unknown: send the same command again."""


class CommandLog:
    """One idempotent producer for commands. Appends of one caller to one merchant keep their order."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        """`partitions` is the real partition count of the topic; it never changes."""
        self._bootstrap = bootstrap
        self._partitions = partitions
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect. Raises KafkaError if no broker answers."""
        self._producer = connection.producer(self._bootstrap)
        await self._producer.start()

    async def stop(self) -> None:
        """Let go of the producer, waiting a bounded time for what is under way."""
        producer, self._producer = self._producer, None
        if producer is not None:
            async with asyncio.timeout(APPEND_SECONDS):
                await producer.stop()

    async def append(self, record: CommandRecord) -> tuple[int, int]:
        """Append one command; returns its partition and offset. Raises LogUnavailableError."""
        [position] = await self.append_many([record])
        return position

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """Append commands in order; returns their positions once all are durable. Raises LogUnavailableError."""
        if self._producer is None:
            raise LogUnavailableError("the log is not connected")
        try:
            async with asyncio.timeout(APPEND_SECONDS):
                sent = [await self._send(self._producer, record) for record in records]
                done = [await future for future in sent]
        except (KafkaError, TimeoutError) as error:
            raise LogUnavailableError(f"the log did not confirm: {type(error).__name__}") from error
        return [(metadata.partition, metadata.offset) for metadata in done]

    async def _send(self, producer: AIOKafkaProducer, record: CommandRecord) -> "asyncio.Future[Any]":
        partition = partition_of(record.merchant_id, self._partitions)
        key, value = record.merchant_id.encode(), encode(record)
        future: asyncio.Future[Any] = await producer.send(COMMANDS.name, value, key=key, partition=partition)
        return future

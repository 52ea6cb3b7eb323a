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

    async def append_whole(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """Append commands of one merchant, at least one, in order and next to each other: all of them are on the log or none.

        They are one of Kafka's own batches, at most BATCH_BYTES_MAX. Raises LogUnavailableError; ValueError for what is not of one
        merchant or does not fit.
        """
        if self._producer is None:
            raise LogUnavailableError("the log is not connected")
        batch, partition = self._batch(self._producer, records), partition_of(records[0].merchant_id, self._partitions)
        try:
            async with asyncio.timeout(APPEND_SECONDS):
                done = await (await self._producer.send_batch(batch, COMMANDS.name, partition=partition))
        except (KafkaError, TimeoutError) as error:
            raise LogUnavailableError(f"the log did not confirm: {type(error).__name__}") from error
        return [(partition, done.offset + index) for index in range(len(records))]

    def _batch(self, producer: AIOKafkaProducer, records: Sequence[CommandRecord]) -> Any:
        """Closed, so that nobody's record joins it and makes it larger than it may be."""
        batch, merchant_id = producer.create_batch(), records[0].merchant_id
        for record in records:
            if record.merchant_id != merchant_id:
                raise ValueError(f"commands of {merchant_id} and {record.merchant_id} cannot be one")
            if batch.append(key=merchant_id.encode(), value=encode(record), timestamp=None) is None:
                raise ValueError(f"{len(records)} commands do not fit {connection.BATCH_BYTES_MAX} bytes")
        batch.close()
        return batch

    async def _send(self, producer: AIOKafkaProducer, record: CommandRecord) -> "asyncio.Future[Any]":
        partition = partition_of(record.merchant_id, self._partitions)
        key, value = record.merchant_id.encode(), encode(record)
        future: asyncio.Future[Any] = await producer.send(COMMANDS.name, value, key=key, partition=partition)
        return future

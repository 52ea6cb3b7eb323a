"""The fence of the one writer of an events partition: the broker refuses whoever writes with an older epoch.

    await fence.open()            become the writer; all that was written before is visible now, or never will be
    async for events in fence.history(start)   what was decided up to then
    await fence.write(records)    returns: durable and valid. Raises: unknown, some of the first may be; drop the fence and open a new one
    fence.drop()                  never blocks

Records are written outside of transactions, by a producer that bears the id and the epoch of the claim: an append is one round trip
instead of four, and each Kafka batch of it is on the log whole or not at all (ADR 0021). Must not know what is written.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from runtime import failpoints
from runtime.event_log import claim, connection, letting_go
from runtime.event_log.claim import OPEN_SECONDS, WRITE_SECONDS, Claim, FencedError
from runtime.event_log.reader import COMMAND_HEADER, SOURCE_HEADER, LoggedEvent, history
from schemas.topics import EVENTS

RENEW_SECONDS = claim.LEASE_SECONDS / 2
__all__ = ["OPEN_SECONDS", "WRITE_SECONDS", "Decided", "EpochFence", "FencedError"]


class Decided(NamedTuple):
    """One record to write: the merchant as key, the encoded event record, and what its headers say."""

    key: bytes
    value: bytes
    source_offset: int
    command_id: str


class EpochFence:
    """One life of the writer of one partition; opened once, dropped once."""

    def __init__(self, bootstrap: str, partition: int) -> None:
        """Not open yet."""
        self._bootstrap, self.partition = bootstrap, partition
        self._claim: Claim | None = None
        self._producer: AIOKafkaProducer | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Become the only writer. Raises on any trouble; drop the fence then."""
        self._claim = Claim(self._bootstrap, self.partition)
        producer_id, epoch = await self._claim.stake()
        self._producer = connection.producer(self._bootstrap)
        manager = self._producer._txn_manager  # noqa: SLF001  else it asks for an id of its own, which fences nobody
        manager.set_pid_and_epoch(producer_id, epoch)
        manager.increment_sequence_number(TopicPartition(EVENTS.name, self.partition), 1)  # the claim's own record
        async with asyncio.timeout(OPEN_SECONDS):
            await self._producer.start()

    def history(self, start: int) -> AsyncIterator[list[LoggedEvent]]:
        """Valid events from `start` to the end; call after open(), when no older writer can add to it."""
        return history(self._bootstrap, self.partition, start)

    async def begin(self) -> None:
        """Renew a claim that will be old at the next write, without waiting for it; a repeat does nothing.

        Nothing of it can be seen, and whatever goes wrong is raised by write().
        """
        assert self._claim is not None
        if self._renewing is None and self._claim.age > RENEW_SECONDS:
            self._renewing = asyncio.create_task(self._claim.renew())

    async def write(self, records: Sequence[Decided]) -> list[int]:
        """Append all in order; returns the offset of each: a renewal's end can stand between two. Raises FencedError, or another error.

        Where it raises, any number of the first may be on the log, up to all; never one without those before it.
        """
        with claim.refusals():
            async with asyncio.timeout(WRITE_SECONDS):
                await self._renew_if_older(claim.LEASE_SECONDS)
                return await self._append(records)

    async def affirm(self) -> None:
        """Ask the broker whether we are the writer still. Raises FencedError if not, or another error: unknown."""
        with claim.refusals():
            async with asyncio.timeout(WRITE_SECONDS):
                await self._renew_if_older(0.0)

    async def _renew_if_older(self, seconds: float) -> None:
        """Never write on the word of a coordinator that was given long ago: an epoch of a forgotten id is refused only there."""
        assert self._claim is not None
        renewing, self._renewing = self._renewing, None
        if renewing is not None:
            await renewing
        if self._claim.age > seconds:
            await self._claim.renew()

    async def _append(self, records: Sequence[Decided]) -> list[int]:
        assert self._producer is not None
        offsets = list[int]()
        for batch in self._batches(self._producer, records):
            sent = await self._producer.send_batch(batch, EVENTS.name, partition=self.partition)
            base = int((await sent).offset)
            offsets += range(base, base + batch.record_count())
            await failpoints.reach("processor.mid_write")
        if min(offsets) < 0:
            raise KafkaError("the broker has it already and does not say where")
        return offsets

    def _batches(self, producer: AIOKafkaProducer, records: Sequence[Decided]) -> list[BatchBuilder]:
        """As few Kafka batches as possible, in order."""
        batches = [producer.create_batch()]
        for record in records:
            headers = [(SOURCE_HEADER, str(record.source_offset).encode()), (COMMAND_HEADER, record.command_id.encode())]
            while batches[-1].append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
                batches.append(producer.create_batch())
        return batches

    def drop(self) -> None:
        """Forget the producers without waiting for them."""
        renewing, self._renewing = self._renewing, None
        if renewing is not None:
            renewing.add_done_callback(lambda task: task.cancelled() or task.exception())
            renewing.cancel()
        mine, self._claim = self._claim, None
        if mine is not None:
            mine.drop()
        producer, self._producer = self._producer, None
        if producer is not None:
            letting_go.drop(producer)

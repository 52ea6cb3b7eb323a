"""The fence of the one writer of an events partition: Kafka transactions.

    await fence.open()            become the writer; all that was written before is visible now, or never will be
    async for events in fence.history(start)   what was decided up to then
    await fence.write(records)    returns: durable and valid. Raises: unknown; drop the fence and open a new one
    fence.drop()                  never blocks

Opening sends InitProducerId, which fences an older writer and aborts what it left open. After any error the producer is never used
again: aiokafka speaks the old end-of-transaction protocol, and a fresh producer is what bumps the epoch. Must not know what is written.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, InvalidProducerIdMapping, InvalidTxnState, ProducerFenced

from runtime import failpoints
from runtime.event_log import connection
from runtime.event_log.reader import COMMAND_HEADER, SOURCE_HEADER, LoggedEvent, history
from schemas.topics import EVENTS

WRITE_SECONDS = 8.0
"""Below the transaction time-out, so that we give up before the broker does."""
TRANSACTION_MS = 10_000
OPEN_SECONDS = 15.0
DROP_SECONDS = 2.0

_dropping: set["asyncio.Task[None]"] = set()


class FencedError(Exception):
    """Somebody else became the writer, or the broker timed our transaction out; the two look alike."""


class Decided(NamedTuple):
    """One record to write: the merchant as key, the encoded event record, and what its headers say."""

    key: bytes
    value: bytes
    source_offset: int
    command_id: str


def transactional_id(partition: int) -> str:
    """The name by which the broker fences. Never rename it: two names do not fence each other (DESIGN section 7, trap 16)."""
    return f"processor-{partition}"


class TransactionFence:
    """One life of the writer of one partition; opened once, dropped once."""

    def __init__(self, bootstrap: str, partition: int) -> None:
        """Not open yet."""
        self._bootstrap = bootstrap
        self.partition = partition
        self._producer: AIOKafkaProducer | None = None
        self._begun = False

    async def open(self) -> None:
        """Become the only writer. Raises on any trouble; drop the fence then."""
        self._producer = connection.producer(
            self._bootstrap,
            transactional_id=transactional_id(self.partition),
            transaction_timeout_ms=TRANSACTION_MS,
        )
        async with asyncio.timeout(OPEN_SECONDS):
            await self._producer.start()

    def history(self, start: int) -> AsyncIterator[list[LoggedEvent]]:
        """Committed events from `start` to the end; call after open(), when no older writer can add to it."""
        return history(self._bootstrap, self.partition, start)

    async def begin(self) -> None:
        """Begin the transaction of the next write, and tell the broker of it without waiting; a repeat does nothing.

        Nothing of it can be seen, and whatever goes wrong is raised by write(). One that is never written in is aborted by the next
        open(), or by the broker in TRANSACTION_MS.
        """
        assert self._producer is not None
        if not self._begun:
            await self._producer.begin_transaction()
            self._begun = True
            place = TopicPartition(EVENTS.name, self.partition)
            self._producer._txn_manager.maybe_add_partition_to_txn(place)  # noqa: SLF001  else it is told with the first record only

    async def write(self, records: Sequence[Decided]) -> int:
        """Write all in one transaction; returns the first one's offset. Raises FencedError, or another error: unknown."""
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                return await self._transaction(records)
        except (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, InvalidTxnState) as error:
            raise FencedError(type(error).__name__) from error

    async def _transaction(self, records: Sequence[Decided]) -> int:
        await self.begin()
        assert self._producer is not None
        ended = self._producer._txn_manager.wait_for_transaction_end()  # noqa: SLF001  it tells why, sending only that it cannot
        if ended.done():
            ended.result()
        sent = [await self._send(self._producer, batch) for batch in self._batches(self._producer, records)]
        offsets = [(await future).offset for future in sent]
        await failpoints.reach("processor.in_transaction")
        await self._producer.commit_transaction()
        self._begun = False
        return int(offsets[0])

    def _batches(self, producer: AIOKafkaProducer, records: Sequence[Decided]) -> list[object]:
        """As few Kafka batches as possible, in order."""
        batches = [producer.create_batch()]
        for record in records:
            headers = [(SOURCE_HEADER, str(record.source_offset).encode()), (COMMAND_HEADER, record.command_id.encode())]
            while batches[-1].append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
                batches.append(producer.create_batch())
        return batches

    async def _send(self, producer: AIOKafkaProducer, batch: object) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = await producer.send_batch(batch, EVENTS.name, partition=self.partition)
        return future

    def drop(self) -> None:
        """Forget the producer without waiting: its stop can hang for as long as the broker is away."""
        producer, self._producer = self._producer, None
        if producer is not None:
            task = asyncio.get_running_loop().create_task(_discard(producer))
            _dropping.add(task)
            task.add_done_callback(_dropping.discard)


async def _discard(producer: AIOKafkaProducer) -> None:
    manager = producer._txn_manager  # noqa: SLF001  aiokafka leaves a fenced transaction's future unread; nobody else can
    waiter = manager._transaction_waiter if manager is not None else None  # noqa: SLF001
    if waiter is not None:
        waiter.add_done_callback(lambda future: future.cancelled() or future.exception())
    try:
        async with asyncio.timeout(DROP_SECONDS):
            await producer.stop()
    except Exception:  # noqa: BLE001  the producer is lost either way; what matters is that it is not used again
        await _cut(producer)


async def _cut(producer: AIOKafkaProducer) -> None:
    task = producer._sender.sender_task  # noqa: SLF001  stop() did not end it
    if task is not None:
        task.cancel()
    with contextlib.suppress(Exception):
        async with asyncio.timeout(DROP_SECONDS):
            await producer.client.close()
    producer._closed = True  # noqa: SLF001  keeps its destructor from warning

"""Reading the dead-letter topic: all of it once, or again and again for the metric.

Owns the consumer (without a group: anybody may look), the gauges and the count that the limit goes by (RUN-24). Must not write.
"""

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.dead_letter_book import Book
from runtime.dead_letters import Limit
from runtime.event_log import connection
from runtime.logging import logger
from schemas.topics import DEAD_LETTERS

ASK_SECONDS = 15.0
LOOK_SECONDS = 5.0

log = logger(__name__)


class Reader:
    """Follows the topic from its first record."""

    def __init__(self, bootstrap: str, partitions: int, *, keep_bytes: bool = True) -> None:
        """Nothing is connected yet."""
        self.book = Book(keep_bytes=keep_bytes)
        self._consumer: AIOKafkaConsumer = connection.reader(bootstrap)
        self._places = [TopicPartition(DEAD_LETTERS.name, partition) for partition in range(partitions)]

    async def start(self) -> None:
        """Connect. Raises KafkaError or TimeoutError."""
        async with asyncio.timeout(ASK_SECONDS):
            await self._consumer.start()
        self._consumer.assign(self._places)
        for place, offset in (await self._consumer.beginning_offsets(self._places)).items():
            self._consumer.seek(place, offset)
        self._consumer.pause(*self._places)  # else it would ask the broker all the time for what is hardly ever there

    async def stop(self) -> None:
        """Disconnect."""
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(ASK_SECONDS):
                await self._consumer.stop()

    async def catch_up(self) -> Book:
        """Take in everything up to the end as it is now. Raises KafkaError or TimeoutError."""
        async with asyncio.timeout(ASK_SECONDS):
            ends = await self._consumer.end_offsets(self._places)
        for place, end in ends.items():
            await self._read_to(place, end)
        return self.book

    async def _read_to(self, place: TopicPartition, end: int) -> None:
        """One partition, which fetches only meanwhile."""
        if await self._consumer.position(place) >= end:
            return
        self._consumer.resume(place)
        try:
            while await self._consumer.position(place) < end:
                for records in (await self._consumer.getmany(place, timeout_ms=500)).values():
                    for record in records:
                        self.book.take(record)
        finally:
            self._consumer.pause(place)


async def read_book(bootstrap: str, partitions: int) -> Book:
    """The whole topic as it is now. Raises KafkaError or TimeoutError."""
    reader = Reader(bootstrap, partitions)
    try:
        await reader.start()
        return await reader.catch_up()
    finally:
        await reader.stop()


async def watch(bootstrap: str, partitions: int, limit: Limit) -> None:
    """Keep the limit's count and the gauges true, for ever. Whatever goes wrong is said and tried again: who counts ends nobody."""
    reader: Reader | None = None
    while True:
        try:
            if reader is None:
                reader = Reader(bootstrap, partitions, keep_bytes=False)
                await reader.start()
            show((await reader.catch_up()), limit)
        except Exception as error:  # noqa: BLE001  whatever it was: only the count is old
            log.warning("dead_letters.not_counted", error=type(error).__name__, why=str(error)[:200])
            await _forget(reader)
            reader = None
        await asyncio.sleep(LOOK_SECONDS)


async def _forget(reader: Reader | None) -> None:
    """Stop it as well as that goes."""
    if reader is not None:
        with contextlib.suppress(Exception):
            await reader.stop()


def show(book: Book, limit: Limit) -> None:
    """Set the count and the gauges; being at the limit is said once on the log each time it begins."""
    found = limit.open = len(book.open_letters())
    was_over = metrics.DEAD_LETTERS_OVER._value.get() > 0  # noqa: SLF001  the gauge is the memory
    metrics.DEAD_LETTERS_OPEN.set(found)
    metrics.DEAD_LETTERS_OVER.set(int(found >= limit.most))
    if found >= limit.most and not was_over:
        log.error("dead_letters.over_limit", open=found, limit=limit.most, remedy="payflow dead-letters list")

"""Reading the dead-letter topic: all of it once, or again and again for the metric.

Owns the consumer (without a group: anybody may look) and the gauges. A limit that is passed turns attention and stops nobody: a partition
goes on, because every dead letter has its own answer on the log. Must not write.
"""

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.dead_letter_book import Book
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
        await asyncio.wait_for(self._consumer.start(), ASK_SECONDS)
        self._consumer.assign(self._places)
        for place, offset in (await self._consumer.beginning_offsets(self._places)).items():
            self._consumer.seek(place, offset)

    async def stop(self) -> None:
        """Disconnect."""
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(self._consumer.stop(), ASK_SECONDS)

    async def catch_up(self) -> Book:
        """Take in everything up to the end as it is now. Raises KafkaError or TimeoutError."""
        ends = await asyncio.wait_for(self._consumer.end_offsets(self._places), ASK_SECONDS)
        for place, end in ends.items():
            while await asyncio.wait_for(self._consumer.position(place), ASK_SECONDS) < end:
                for records in (await self._consumer.getmany(place, timeout_ms=500)).values():
                    for record in records:
                        self.book.take(record)
        return self.book


async def read_book(bootstrap: str, partitions: int) -> Book:
    """The whole topic as it is now. Raises KafkaError or TimeoutError."""
    reader = Reader(bootstrap, partitions)
    try:
        await reader.start()
        return await reader.catch_up()
    finally:
        await reader.stop()


async def watch(bootstrap: str, partitions: int, limit: int) -> None:
    """Keep the gauges of open letters true, for ever. A broker that is away is waited for."""
    reader: Reader | None = None
    while True:
        try:
            if reader is None:
                reader = Reader(bootstrap, partitions, keep_bytes=False)
                await reader.start()
            show((await reader.catch_up()), limit)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("dead_letters.not_counted", error=type(error).__name__)
            if reader is not None:
                await reader.stop()
            reader = None
        await asyncio.sleep(LOOK_SECONDS)


def show(book: Book, limit: int) -> None:
    """Set the gauges; being over the limit is said once on the log each time it begins."""
    found = len(book.open_letters())
    was_over = metrics.DEAD_LETTERS_OVER._value.get() > 0  # noqa: SLF001  the gauge is the memory
    metrics.DEAD_LETTERS_OPEN.set(found)
    metrics.DEAD_LETTERS_OVER.set(int(found > limit))
    if found > limit and not was_over:
        log.error("dead_letters.over_limit", open=found, limit=limit, remedy="payflow dead-letters list")

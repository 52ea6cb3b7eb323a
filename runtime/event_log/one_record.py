"""One record of a topic by its place, for whoever wants to see what stands there (CON-25).

Owns that look: committed records only, one at a time, in bounded time. Must not know what a record means.
"""

import asyncio
import contextlib
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from runtime.event_log import connection

CALL_SECONDS = 5.0


class Found(NamedTuple):
    """A record as it stands there. `at` is the broker's time in ms UTC."""

    at: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class RecordLookup:
    """Connects at the first look. Raises KafkaError, OSError or TimeoutError while the broker is away; the next look tries anew."""

    def __init__(self, bootstrap: str) -> None:
        """Not connected."""
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Disconnect; a repeat is no error."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await consumer.stop()

    async def find(self, topic: str, partition: int, offset: int) -> Found | None:
        """What stands at this place; None for nothing, for what was not committed, and for what is no record (a marker)."""
        async with self._turn:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    return await self._find(TopicPartition(topic, partition), offset)
            except (KafkaError, OSError, TimeoutError):
                await self.close()
                raise

    async def _find(self, place: TopicPartition, offset: int) -> Found | None:
        consumer = self._consumer or await self._connect()
        first, end = (await consumer.beginning_offsets([place]))[place], (await consumer.end_offsets([place]))[place]
        if not first <= offset < end:
            return None
        consumer.assign([place])
        consumer.seek(place, offset)
        while await consumer.position(place) <= offset:
            records = (await consumer.getmany(place, timeout_ms=500, max_records=1)).get(place, ())
            if records:
                return _found(records[0]) if records[0].offset == offset else None
        return None

    async def _connect(self) -> AIOKafkaConsumer:
        consumer = connection.reader(self._bootstrap)
        try:
            await consumer.start()
        except BaseException:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await consumer.stop()
            raise
        self._consumer = consumer
        return consumer


def _found(record: "ConsumerRecord[bytes, bytes]") -> Found:
    return Found(record.timestamp, record.key, record.value, tuple((name, data or b"") for name, data in record.headers))

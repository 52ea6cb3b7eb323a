"""Dead letters: records nobody could read, kept with their bytes and where they came from (INB-04).

Owns the form of a dead letter. Must not judge: the caller found out that it cannot read the record.
"""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.event_log import connection
from schemas.topics import DEAD_LETTERS

APPEND_SECONDS = 10.0
REASON_CHARS = 500


class DeadLetters:
    """Appends dead letters. At least once: after a crash the same record may be kept twice, with the same coordinates."""

    def __init__(self, bootstrap: str) -> None:
        """Not connected yet."""
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = connection.producer(self._bootstrap)
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.wait_for(producer.stop(), APPEND_SECONDS)

    async def keep(
        self,
        *,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        code: str,
        reason: str,
        at: int,
    ) -> None:
        """Keep one record; `code` is a bounded word for metrics, `reason` a sentence. Raises KafkaError or TimeoutError."""
        headers = [
            ("topic", topic.encode()),
            ("partition", str(partition).encode()),
            ("offset", str(offset).encode()),
            ("code", code.encode()),
            ("reason", reason[:REASON_CHARS].encode(errors="replace")),
            ("failed_at", str(at).encode()),
        ]
        if self._producer is None:
            raise KafkaError("dead letters are not connected")
        sending = self._producer.send_and_wait(DEAD_LETTERS.name, value, key=key, headers=headers)
        await asyncio.wait_for(sending, APPEND_SECONDS)
        metrics.DEAD_LETTERS.labels(topic, code).inc()

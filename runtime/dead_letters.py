"""Dead letters: records nobody could read, kept with their bytes, their headers and where they came from (INB-04, RUN-24).

Owns the form of a dead letter on its topic, and of the resolution that an operator adds to it later; nothing is ever taken away. Must not
judge: the caller found out that it cannot read the record.
"""

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.dead_letter_cut import Header, fitting
from runtime.event_log import connection
from schemas.topics import DEAD_LETTERS

APPEND_SECONDS = 10.0
REASON_CHARS = 500
ORIGINAL = "original."
"""What a kept header of the original record is named with in front."""
NULL_KEY = "original-null-key"
"""The header that says that the original had no key: the empty one is a stand-in."""
CUT = "cut"
"""The header that says that only the beginning of the record is kept, and how many bytes all of it has."""
RESOLUTION = "resolution"
"""The header that tells a resolution from a letter."""

Headers = Iterable[Header]


class DeadLettersFullError(Exception):
    """As many are open as may be (RUN-24): whoever found another one waits until an operator has looked, and drains no further."""


class Limit:
    """How many may be open. `open` is kept true by `runtime.dead_letter_watch`, and counts what is kept here in between."""

    def __init__(self, most: int) -> None:
        """None are open, as far as is known."""
        self.most = most
        self.open = 0


class DeadLetters:
    """Appends dead letters. At least once: after a crash the same record may be kept twice, with the same coordinates."""

    def __init__(self, bootstrap: str, limit: Limit | None = None) -> None:
        """Not connected yet. Without a `limit` any number is kept."""
        self._bootstrap = bootstrap
        self._limit = limit
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = connection.producer(self._bootstrap)
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            async with asyncio.timeout(APPEND_SECONDS):
                await producer.stop()

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
        headers: Headers = (),
    ) -> None:
        """Keep one record; `code` is a bounded word for metrics, `reason` a sentence, `headers` the original's own.

        Of one that is larger than the topic takes, the beginning. Raises DeadLettersFullError, KafkaError or TimeoutError.
        """
        if self._limit is not None and self._limit.open >= self._limit.most:
            raise DeadLettersFullError(f"{self._limit.open} dead letters are open, DEAD_LETTERS_MAX is {self._limit.most}")
        told = {
            "topic": topic,
            "partition": str(partition),
            "offset": str(offset),
            "code": code,
            "reason": reason[:REASON_CHARS],
            "failed_at": str(at),
        }
        key, value, kept, whole = fitting(key, value, headers)
        told |= {CUT: str(whole)} if whole is not None else {}
        named = [*encoded(told), *((ORIGINAL + name, data) for name, data in kept)]
        if key is None and value is None:  # a record that has neither is refused by the client
            key, named = b"", [*named, (NULL_KEY, b"1")]
        await self._append(key, value, named)
        metrics.DEAD_LETTERS.labels(topic, code).inc()
        if self._limit is not None:
            self._limit.open += 1

    async def resolve(self, letter_id: str, kind: str, told: dict[str, str]) -> None:
        """Add to a letter what was done about it. All resolutions of one letter stand in one partition, in order.

        Raises KafkaError or TimeoutError.
        """
        await self._append(letter_id.encode(), None, encoded({RESOLUTION: kind, "letter": letter_id, **told}))

    async def _append(self, key: bytes | None, value: bytes | None, headers: Sequence[Header]) -> None:
        if self._producer is None:
            raise KafkaError("dead letters are not connected")
        async with asyncio.timeout(APPEND_SECONDS):
            await self._producer.send_and_wait(DEAD_LETTERS.name, value, key=key, headers=list(headers))


def encoded(told: dict[str, str]) -> list[tuple[str, bytes]]:
    """Header names and texts as Kafka takes them."""
    return [(name, text.encode(errors="replace")) for name, text in told.items()]

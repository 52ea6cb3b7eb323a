"""How far the projection is, per partition, and how old that makes an answer.

Owns the LISTEN connection, the positions it tells, waiting for one, and freshness. The notification is only a hint; the position is read
from the table when the connection is made anew. Must not read views.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import psycopg
from aiokafka.errors import KafkaError
from psycopg import AsyncConnection

from runtime import metrics
from runtime.clock import Clock
from runtime.event_log.reader import EventReader
from runtime.logging import logger
from services.gateway.lately_written import LatelyWritten

CHANNEL = "payflow_projection"
RECONNECT_SECONDS = 1.0
ENDS_SECONDS = 1.0
LOST = (KafkaError, OSError, TimeoutError)
"""The broker is away; it is waited for."""

log = logger(__name__)

Listener = Callable[[int, int], Awaitable[None]]


class Progress:
    """Positions of the projection. `listeners` are told (partition, next_offset) of each advance, one after another."""

    def __init__(self, database_url: str, schema: str, bootstrap: str, partitions: int, clock: Clock) -> None:
        """Nothing is known before run()."""
        self._url, self._options = database_url, f"-c search_path={schema}"
        self._bootstrap, self._partitions, self._clock = bootstrap, partitions, clock
        self.next_offset: dict[int, int] = {}
        self.listeners: list[Listener] = []
        self.written = LatelyWritten()
        self._advanced = asyncio.Condition()
        self._fresh_at = 0
        self._lag = 0
        self._spans: dict[int, tuple[int, int]] = {}
        """Of each partition that is not passed wholly: the views' offset and the end, as last seen. Claims and ends of transactions take
        offsets without being records: where nothing moved between two looks, the log is read to know."""
        self._read: dict[int, tuple[tuple[int, int], bool]] = {}
        """Of those that stand still: where, and whether there is a record."""

    async def run(self) -> None:
        """Follow the projection for ever."""
        await asyncio.gather(self._follow(), self._measure())

    async def passed(self, partition: int, offset: int, seconds: float) -> bool:
        """Wait until the projection has passed an event; False if it has not within `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._advanced:
                await self._advanced.wait_for(lambda: self.next_offset.get(partition, 0) > offset)
        return self.next_offset.get(partition, 0) > offset

    async def passed_written(self, merchant_id: str | None, seconds: float) -> None:
        """Wait until the views show what this merchant (None: anybody) was told to have written here, or for `seconds`."""
        lacking = [place for place in self.written.places(merchant_id) if self.behind(*place)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for partition, offset in lacking:
                    await self.passed(partition, offset, seconds)

    @property
    def partitions(self) -> int:
        """How many partitions the log has."""
        return self._partitions

    def behind(self, partition: int, offset: int) -> int:
        """How many places of the log the views lack to have passed an event."""
        return max(offset + 1 - self.next_offset.get(partition, 0), 0)

    def freshness(self) -> dict[str, object]:
        """When the views last had all events, as members of an answer (API-17)."""
        now = self._clock.now_ms()
        return {"timestamp_ms": self._fresh_at or now, "source": "projection", "max_age_ms": now - (self._fresh_at or now)}

    @property
    def lag_records(self) -> int:
        """Events not yet in the views, as last measured."""
        return self._lag

    @property
    def fresh_at(self) -> int:
        """When the views last had all events (ms UTC); 0 while unknown."""
        return self._fresh_at

    async def _follow(self) -> None:
        while True:
            try:
                async with await AsyncConnection.connect(self._url, options=self._options, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    await self._catch_up(connection)
                    async for notification in connection.notifies():
                        partition, _, offset = notification.payload.partition(":")
                        await self._advance(int(partition), int(offset))
            except (psycopg.Error, OSError) as error:
                log.warning("progress.lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _catch_up(self, connection: "AsyncConnection[tuple[object, ...]]") -> None:
        cursor = await connection.execute("SELECT partition, next_offset FROM projection_offsets")
        for partition, offset in await cursor.fetchall():
            await self._advance(int(str(partition)), int(str(offset)))

    async def _advance(self, partition: int, offset: int) -> None:
        if offset <= self.next_offset.get(partition, 0):
            return
        async with self._advanced:
            self.next_offset[partition] = offset
            self._advanced.notify_all()
        for listener in self.listeners:
            await listener(partition, offset)

    async def _measure(self) -> None:
        """Every second compare with the ends of the log: when all is projected, the views are fresh."""
        reader: EventReader | None = None
        while True:
            try:
                reader = reader or await self._open_reader()
                await self._compare(reader)
            except LOST as error:
                log.warning("progress.no_ends", error=type(error).__name__)
                await _close(reader)
                reader = None
            await asyncio.sleep(ENDS_SECONDS)

    async def _open_reader(self) -> EventReader:
        reader = EventReader(self._bootstrap)
        try:
            await reader.start({})
        except BaseException:
            await _close(reader)
            raise
        return reader

    async def _compare(self, reader: EventReader) -> None:
        asked_at, known = self._clock.now_ms(), dict(self.next_offset)
        ends = await reader.ends(range(self._partitions))
        spans = {p: (self.next_offset.get(p, 0), end) for p, end in ends.items() if end > self.next_offset.get(p, 0)}
        await self._read_still(reader, {p: span for p, span in spans.items() if self._spans.get(p) == span})
        self._spans = spans
        self._lag = sum(self._lacking(p, span) for p, span in spans.items())
        told_meanwhile = known.keys() != self.next_offset.keys()  # where those stand was not held against the ends
        if not self._log_is_short(known, ends) and not self._lag and not told_meanwhile:
            self._fresh_at = asked_at

    async def _read_still(self, reader: EventReader, still: Mapping[int, tuple[int, int]]) -> None:
        """Whether there are records before the end of partitions that stand still; read once for each stand."""
        self._read = {p: known for p, known in self._read.items() if known[0] == still.get(p)}
        unread = {p: span for p, span in still.items() if p not in self._read}
        if unread:
            holding = await reader.holding(unread)
            self._read |= {p: (span, p in holding) for p, span in unread.items()}

    def _lacking(self, partition: int, span: tuple[int, int]) -> int:
        guess = span[1] - span[0]
        if partition not in self._read:
            return guess
        return guess if self._read[partition][1] else 0

    def _log_is_short(self, known: Mapping[int, int], ends: Mapping[int, int]) -> bool:
        """Whether the views stand behind the end of the log: it was cut or made anew, and nobody may call them fresh (RUN-28)."""
        short = [partition for partition, end in ends.items() if known.get(partition, 0) > end]
        for partition in ends:
            metrics.WRITER_HALTED.labels("gateway", partition).set(int(partition in short))
        if short:
            log.critical("progress.log_is_short", partitions=short, why="the views are ahead of the log: see the runbook")
        return bool(short)


async def _close(reader: EventReader | None) -> None:
    if reader is not None:
        with contextlib.suppress(*LOST):
            await reader.stop()

"""One partition's views kept up with its log.

Owns the flow: reading and folding the next records while the database writes the current ones; beginning again from the position in
the database after any doubt; halting loudly on what must not be skipped (RUN-27, RUN-28). Must not know the consumer group.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import psycopg
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from runtime import failpoints, logging, metrics
from runtime.clock import Clock
from runtime.event_log.reader import GapFoundError
from schemas.codec import decode_event
from services.projector.changes import Changes
from services.projector.limits import Limits
from services.projector.project import project
from services.projector.store import DisplacedError, Position

SERVICE = "projector"
AWAY_SECONDS_FIRST, AWAY_SECONDS_MAX = 0.1, 5.0
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, KafkaError, OSError, TimeoutError)
"""What passes by itself: the partition waits, and its offset stays."""
NEVER_PASSES = (psycopg.errors.ProgramLimitExceeded, OffsetOutOfRangeError)
"""These look the same and do not: like anything else that is raised, they mean a record that does not fit."""

_log = logging.logger(__name__)


class Source(Protocol):
    """Where records come from."""

    def seek(self, partition: int, offset: int) -> None:
        """Go on at an events offset."""

    async def take(self, partition: int, limit: int) -> Sequence["ConsumerRecord[bytes, bytes]"]:
        """What is there, at most `limit`; waits a while for something."""

    def lag(self, partition: int) -> int:
        """Offsets that were not taken yet."""


class Views(Protocol):
    """Where rows go: `services.projector.store.Store`."""

    async def position(self, partition: int) -> Position:
        """Where the partition's views stand."""

    async def apply(self, changes: Changes) -> None:
        """Write all of it or nothing."""


class PartitionWorker:
    """Projects one partition until it is cancelled or halts. `halted` says why it did."""

    def __init__(self, partition: int, source: Source, views: Views, clock: Clock, limits: Limits) -> None:
        """Nothing happens before run()."""
        self.partition = partition
        self.halted: BaseException | None = None
        self._source, self._views, self._clock, self._limits = source, views, clock, limits
        self._stand = 0
        self._pending = Changes(partition, 0, 0)
        self._ready, self._room = asyncio.Event(), asyncio.Event()
        self._fault: BaseException | None = None
        self._away = AWAY_SECONDS_FIRST
        self._oldest_at = 0
        """Time of the oldest record that was taken and is not written yet; 0 for none."""

    async def run(self) -> None:
        """Keep the views up with the log. Returns only when the partition has halted."""
        metrics.WRITER_HALTED.labels(SERVICE, self.partition).set(0)
        while self.halted is None:
            try:
                await self._begin()
                await self._flow()
            except DisplacedError as error:
                self._begin_again("displaced", error)
            except NEVER_PASSES as error:
                self._doubt(error)
            except AWAY as error:
                self._begin_again("away", error)
                self._report_lag()
                await asyncio.sleep(self._away)
                self._away = min(self._away * 2, AWAY_SECONDS_MAX)
            except Exception as error:  # noqa: BLE001  unreadable, unfitting or a bug of ours: nothing may be skipped
                self._doubt(error)

    async def _begin(self) -> None:
        position = await self._views.position(self.partition)
        self._stand = position.next_offset
        self._pending = Changes(self.partition, position.next_offset, position.next_source)
        self._fault = None
        self._ready.clear()
        self._room.set()
        self._source.seek(self.partition, position.next_offset)

    async def _flow(self) -> None:
        tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        """Fold records into the pending transaction, as long as it has room; ends at a record that cannot be folded."""
        with contextlib.suppress(_StopReadingError):
            while True:
                await self._room.wait()
                for record in await self._source.take(self.partition, self._limits.room(self._pending)):
                    await self._room.wait()
                    self._fold(record)
                    await asyncio.sleep(0)  # lets the database work go on, and a record that is alone be written at once
                self._report_lag()

    def _fold(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        try:
            event = decode_event(record.value)
            self._check_next(record.offset, event.source_offset)
        except Exception as error:  # noqa: BLE001  whatever it is, the record cannot be read
            self._stop_reading(error)
        try:
            project(self._pending, record.offset, event)
        except Exception as error:  # noqa: BLE001  the pending transaction is half folded now: none of it may be written
            self._pending = Changes(self.partition, 0, 0)
            self._stop_reading(error)
        self._oldest_at = self._oldest_at or event.at
        self._ready.set()
        if self._limits.is_full(self._pending):
            self._room.clear()

    def _check_next(self, offset: int, source_offset: int) -> None:
        if source_offset != self._pending.next_source:
            place = f"events {self.partition}@{offset}"
            raise GapFoundError(f"{place}: source offset {source_offset}, expected {self._pending.next_source}")

    def _stop_reading(self, error: BaseException) -> None:
        """What was folded before is still written; then the writing side raises the fault."""
        self._fault = error
        self._ready.set()
        raise _StopReadingError

    async def _write(self) -> None:
        while True:
            await self._ready.wait()
            changes = self._pending
            if not changes.records:
                assert self._fault is not None, "ready means records or a fault"
                raise self._fault
            self._pending = Changes(self.partition, changes.next_offset, changes.next_source)
            self._room.set()
            if self._fault is None:
                self._ready.clear()
            with metrics.PROJECTION_SECONDS.time():
                await self._views.apply(changes)
            await failpoints.reach("projector.committed")
            self._written(changes)

    def _written(self, changes: Changes) -> None:
        self._stand = changes.next_offset
        self._limits.grow()
        self._away = AWAY_SECONDS_FIRST
        self._oldest_at = self._pending.first_at
        metrics.PROJECTED.inc(changes.change_count)
        self._report_lag()

    def _report_lag(self) -> None:
        behind = self._source.lag(self.partition) + self._pending.records
        age_ms = self._clock.now_ms() - self._oldest_at if behind and self._oldest_at else 0
        metrics.LAG_RECORDS.labels(SERVICE, self.partition).set(behind)
        metrics.LAG_SECONDS.labels(SERVICE, self.partition).set(max(0, age_ms) / 1000)

    def _begin_again(self, cause: str, error: BaseException) -> None:
        metrics.PROJECTION_RESTARTS.labels(cause).inc()
        _log.warning("projection.begins_again", partition=self.partition, cause=cause, error=_in_a_line(error))

    def _doubt(self, error: BaseException) -> None:
        """Once more, record by record; a fault in a transaction of one record is final."""
        if not self._limits.is_single:
            self._limits.shrink()
            self._begin_again("fault", error)
            return
        self.halted = error
        metrics.WRITER_HALTED.labels(SERVICE, self.partition).set(1)
        _log.error(
            "projection.halted",
            partition=self.partition,
            next_offset=self._stand,
            error=_in_a_line(error),
            remedy="the record there cannot be projected, and nothing after it is; mend the cause, then start again",
        )


def _in_a_line(error: BaseException) -> str:
    """Its first line only: the database tells in the others what the row held, and that is personal."""
    first = (str(error).strip() or "no text").splitlines()[0]
    return f"{type(error).__name__}: {first}"


class _StopReadingError(Exception):
    """The reading side ends; the fault is kept for the writing side."""

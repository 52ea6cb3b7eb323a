"""The writer of one partition: the only place where events come into being.

Owns the order that makes it safe: prove membership, open the fence, load the checkpoint, fold the tail, and only then decide. After any
error the outcome of the last write is unknown: memory and producer are thrown away and all starts over; records that did land are then
skipped, the rest is decided again. A gap right after a fresh read halts this writer, loudly, and no other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg
from aiokafka.errors import KafkaError

from domain.policy import Policy
from runtime import failpoints, metrics
from runtime.clock import Clock
from runtime.dead_letters import DeadLetters
from runtime.event_log.fence import FencedError, TransactionFence
from runtime.event_log.producer import CommandLog, LogUnavailableError
from runtime.event_log.reader import Contiguity, GapFoundError
from runtime.logging import logger
from schemas.codec import CodecError, decode_event
from schemas.topics import COMMANDS
from services.processor import checkpoint, poll
from services.processor.inbox import Inbox, Waiting
from services.processor.lookups import Lookups
from services.processor.measures import count
from services.processor.memory import Memory
from services.processor.timers import Timers

FENCED_SECONDS = 3.0
"""Longer than a heartbeat: a zombie learns of the rebalance before it would open again."""
PAUSE_MAX_SECONDS = 5.0
TICK_SECONDS = 0.5

log = logger(__name__)


class NotMemberError(Exception):
    """The group does not know us: a writer that opened now would fence its lawful successor."""


class StaleError(Exception):
    """Others decided while we slept: our memory is old. Read again."""


class HaltError(Exception):
    """Going on would mean to skip or to guess."""


@dataclass(frozen=True)
class Tools:
    """What a writer works with; one set per process."""

    bootstrap: str
    policy: Policy
    clock: Clock
    pool: checkpoint.Pool
    commands: CommandLog
    dead_letters: DeadLetters
    commands_end: Callable[[int], Awaitable[int]]
    is_member: Callable[[int, int], Awaitable[bool]]


class PartitionWriter:
    """One task per assigned partition."""

    def __init__(self, partition: int, tools: Tools, inbox: Inbox) -> None:
        """Does nothing before run()."""
        self.partition = partition
        self.inbox = inbox
        self._tools = tools
        self._lookups = Lookups(tools.pool)
        self._memory: Memory | None = None
        self._timers = Timers()
        self._batch: list[Waiting] = []
        self._fresh = True

    @property
    def next_source(self) -> int:
        """The source offset expected next; 0 while nothing is known."""
        return self._memory.next_source if self._memory is not None else 0

    async def run(self) -> None:
        """Open and decide for ever; returns only when halted, raises only when canceled."""
        pause = 0.2
        while True:
            fence = TransactionFence(self._tools.bootstrap, self.partition)
            try:
                await self._open(fence)
                pause = 0.2
                await self._work(fence)
            except (HaltError, GapFoundError, CodecError) as error:
                self._halt(error)
                return
            except Exception as error:  # noqa: BLE001  whatever it was: unknown, so start over
                pause = self._pause_after(error, pause)
            finally:
                metrics.WRITER_OPEN.labels(self.partition).set(0)
                fence.drop()
            await asyncio.sleep(pause)

    async def _open(self, fence: TransactionFence) -> None:
        known = self.next_source
        if known and not await self._tools.is_member(self.partition, known):
            raise NotMemberError
        await fence.open()
        loaded = await checkpoint.load(self._tools.pool, self.partition)
        memory, self._timers, self._fresh = Memory(loaded), Timers(), True
        await self._fold_tail(fence, memory)
        end = await self._tools.commands_end(self.partition)
        if end < memory.next_source:
            raise HaltError(
                f"{COMMANDS.name} ends at {end}, but events name {memory.next_source - 1}: it was cut or made anew"
            )
        self._memory = memory
        self._timers.note(memory.book.payouts.values())
        metrics.WRITER_OPEN.labels(self.partition).set(1)
        log.info("writer.opened", partition=self.partition, next_source=memory.next_source, open=len(memory.book.payouts))

    async def _fold_tail(self, fence: TransactionFence, memory: Memory) -> None:
        contiguity = Contiguity(self.partition, memory.next_source)
        async for events in fence.history(memory.next_offset):
            await failpoints.reach("processor.folding")
            for event in events:
                contiguity.check(event)
                record = decode_event(event.value)
                memory.stand(record, memory.fold(record), event.offset)

    async def _work(self, fence: TransactionFence) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                self._batch = self._batch or await self.inbox.take()
                await self._process(fence)
                self._batch = []
        finally:
            ticking.cancel()

    async def _process(self, fence: TransactionFence) -> None:
        memory = self._memory
        assert memory is not None
        waiting = self._in_order(memory)
        if not waiting:
            return
        with metrics.DECISION.time():
            readables = [poll.read(raw) for raw in waiting]
            await self._keep_unreadable(readables)
            fetched = await self._lookups.fetch(memory.book, (r.command for r in readables if r.command is not None))
            rulings = self._decide(memory, readables)
            await failpoints.reach("processor.before_write")
            base = await fence.write(poll.to_write(rulings))
        await failpoints.reach("processor.written")
        for offset, (record, touched) in enumerate(rulings, base):
            memory.stand(record, touched, offset)
            self._timers.note(count(memory.book, record, touched))
        memory.visit(fetched)
        self._fresh = False

    def _in_order(self, memory: Memory) -> list[Waiting]:
        """The records not decided yet; they must follow each other without gap."""
        waiting = [raw for raw in self._batch if raw.offset >= memory.next_source]
        for expected, raw in enumerate(waiting, memory.next_source):
            if raw.offset != expected:
                text = f"{COMMANDS.name} {self.partition}: offset {raw.offset} came, {expected} is next"
                self._batch = []
                raise HaltError(text) if self._fresh else StaleError(text)
        return waiting

    def _decide(self, memory: Memory, readables: list[poll.Readable]) -> list[poll.Ruling]:
        try:
            return poll.decide_all(memory, readables, self._tools.clock.now_ms(), self._tools.policy, self.partition)
        except Exception as error:
            raise HaltError(f"a decision failed: {error!r}") from error

    async def _keep_unreadable(self, readables: list[poll.Readable]) -> None:
        for raw, _, fault in (readable for readable in readables if readable.fault is not None):
            await self._tools.dead_letters.keep(
                topic=COMMANDS.name,
                partition=self.partition,
                offset=raw.offset,
                key=raw.key,
                value=raw.value,
                code="unreadable",
                reason=fault or "",
                at=self._tools.clock.now_ms(),
            )

    async def _tick(self) -> None:
        """Timers and forgetting, beside the deciding; trouble here never stops it."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            memory, now = self._memory, self._tools.clock.now_ms()
            if memory is None:
                continue
            try:
                self._timers.sweep(memory.book, now)
                await self._append_due(memory, now)
                memory.forget(await self._projected())
            except (LogUnavailableError, psycopg.Error, TimeoutError) as error:
                log.warning("writer.tick_failed", partition=self.partition, error=type(error).__name__)

    async def _append_due(self, memory: Memory, now: int) -> None:
        due = self._timers.due(memory.book, now)
        if due:
            await failpoints.reach("timers.due")
            await self._tools.commands.append_many(due)
            await failpoints.reach("timers.appended")

    async def _projected(self) -> int:
        async with self._tools.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT next_offset FROM projection_offsets WHERE partition = %s", [self.partition]
            )
            row = await cursor.fetchone()
        return int(row[0]) if row else 0

    def _halt(self, error: Exception) -> None:
        metrics.WRITER_HALTED.labels("processor", self.partition).set(1)
        log.critical("writer.halted", partition=self.partition, why=str(error))

    def _pause_after(self, error: Exception, pause: float) -> float:
        metrics.WRITER_REOPENED.labels(type(error).__name__).inc()
        log.warning("writer.reopening", partition=self.partition, cause=type(error).__name__, why=str(error)[:200])
        if isinstance(error, FencedError):
            return FENCED_SECONDS
        expected = isinstance(error, StaleError | NotMemberError | KafkaError | TimeoutError | psycopg.Error)
        return min(PAUSE_MAX_SECONDS, max(pause, 0.2) * 2) if expected else PAUSE_MAX_SECONDS

"""The writer of one partition: the only place where events come into being.

Owns the order that makes it safe: prove membership, open the fence, load the checkpoint, fold the tail, and only then decide. After any
error the outcome of the last write is unknown: memory and producer are thrown away and all starts over; records that did land are then
skipped, the rest is decided again. A log that lacks what comes next halts this writer, loudly, and no other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg
from aiokafka.errors import KafkaError

from domain.policy import Policy
from runtime import failpoints, metrics
from runtime.clock import Clock, Turn
from runtime.dead_letters import DeadLettersFullError
from runtime.event_log.claim import FencedError
from runtime.event_log.reader import Contiguity, GapFoundError
from runtime.logging import logger
from schemas.codec import CodecError, decode_event
from schemas.topics import COMMANDS
from schemas.words import PayoutStatus
from services.processor import poll
from services.processor.inbox import Inbox, Waiting
from services.processor.lookups import Lookups, OlderProjectionError
from services.processor.measures import count
from services.processor.memory import Memory
from services.processor.ports import Commands, Fence, Projection, Unreadable
from services.processor.timers import Timers

FENCED_SECONDS = 3.0
"""Longer than a heartbeat: a zombie learns of the rebalance before it would open again."""
PAUSE_MAX_SECONDS = 5.0
TICK_SECONDS = 0.5
COMPARE_SECONDS = 10.0

log = logger(__name__)


class NotMemberError(Exception):
    """The group does not know us: a writer that opened now would fence its lawful successor."""


class StaleError(Exception):
    """Others decided while we slept: our memory is old. Read again."""


class HaltError(Exception):
    """Going on would mean to skip or to guess."""


PASSES = (StaleError, NotMemberError, OlderProjectionError, DeadLettersFullError, KafkaError, TimeoutError, psycopg.Error)
"""Errors that a new start mends; after others it waits longer."""


@dataclass(frozen=True)
class Tools:
    """What a writer works with; one set per process."""

    fence: Callable[[int], Fence]
    policy: Policy
    clock: Clock
    projection: Projection
    commands: Commands
    dead_letters: Unreadable
    commands_end: Callable[[int], Awaitable[int]]
    is_member: Callable[[int, int], Awaitable[bool]]
    reread: Callable[[int, int, int], Awaitable[list[Waiting]]]


class PartitionWriter:
    """One task per assigned partition."""

    def __init__(self, partition: int, tools: Tools, inbox: Inbox) -> None:
        """Does nothing before run()."""
        self.partition = partition
        self.inbox = inbox
        self._tools = tools
        self._lookups = Lookups(tools.projection, partition)
        self._memory: Memory | None = None
        self._timers = Timers()
        self._turn = Turn(tools.clock)
        self._batch: list[Waiting] = []
        self._fresh = True
        self._still = asyncio.Lock()
        """Held while a poll is decided: nothing may be forgotten between its look-ups and its decisions."""
        self._compared_at = 0.0
        self._stood_at = -1

    @property
    def next_source(self) -> int:
        """The source offset expected next; 0 while nothing is known."""
        return self._memory.next_source if self._memory is not None else 0

    async def run(self) -> None:
        """Open and decide for ever; returns only when halted, raises only when canceled."""
        pause = 0.2
        while True:
            fence = self._tools.fence(self.partition)
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

    async def _open(self, fence: Fence) -> None:
        known = self.next_source
        if known and not await self._tools.is_member(self.partition, known):
            raise NotMemberError
        await fence.open()
        loaded = await self._tools.projection.load(self.partition)
        memory, self._timers, self._fresh = Memory(loaded), Timers(), True
        await self._fold_tail(fence, memory)
        self._compared_at = -COMPARE_SECONDS
        await self._compare_ends(memory)
        self._memory = memory
        self._timers.note(memory.book.payouts.in_state(PayoutStatus.PROCESSING))
        metrics.WRITER_OPEN.labels(self.partition).set(1)
        log.info("writer.opened", partition=self.partition, next_source=memory.next_source, open=len(memory.book.payouts))

    async def _fold_tail(self, fence: Fence, memory: Memory) -> None:
        contiguity = Contiguity(self.partition, memory.next_source)
        async for events in fence.history(memory.next_offset):
            await failpoints.reach("processor.folding")
            for event in events:
                contiguity.check(event)
                record = decode_event(event.value)
                memory.stand(record, memory.fold(record), event.offset)

    async def _work(self, fence: Fence) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                self._batch = self._batch or await self.inbox.take()
                await self._process(fence)
                self._batch = [raw for raw in self._batch if raw.offset >= self.next_source]
        finally:
            ticking.cancel()

    async def _process(self, fence: Fence) -> None:
        memory = self._memory
        assert memory is not None
        waiting = await self._in_order(memory)
        if waiting:
            async with self._still:
                await fence.begin()  # what the broker has to say comes while we look things up
                await self._decide_and_write(fence, memory, waiting)

    async def _decide_and_write(self, fence: Fence, memory: Memory, waiting: list[Waiting]) -> None:
        with metrics.DECISION.time():
            readables = [poll.read(raw) for raw in waiting]
            await self._keep_all_unreadable(readables)
            commands = (readable.command for readable in readables if readable.command is not None)
            fetched = await self._lookups.fetch(memory.book, commands, not_before=memory.forgotten_to)
            rulings = await self._decide(fence, memory, readables)
            await failpoints.reach("processor.before_write")
            offsets = await fence.write(poll.to_write(rulings))
        await failpoints.reach("processor.written")
        for offset, (record, touched) in zip(offsets, rulings, strict=True):
            await self._turn.pass_on()
            memory.stand(record, touched, offset)
            self._timers.note(count(memory.book, record, touched))
        memory.visit(fetched)
        metrics.WRITER_HALTED.labels("processor", self.partition).set(0)
        self._fresh = False

    async def _in_order(self, memory: Memory) -> list[Waiting]:
        """The records not decided yet, each once: after a rebalance Faust reads again from the hint, or has passed over some."""
        waiting, expected = [], memory.next_source
        for raw in self._batch:
            if raw.offset > expected:
                return waiting or await self._passed_over(expected, raw.offset)
            if raw.offset == expected:
                waiting.append(raw)
                expected += 1
        return waiting

    async def _passed_over(self, expected: int, came: int) -> list[Waiting]:
        """A gap: our memory is old, or, right after it was read, the reader jumped. Raises GapFoundError if the log was cut."""
        text = f"{COMMANDS.name} {self.partition}: offset {came} came, {expected} is next"
        if not self._fresh:
            raise StaleError(text)
        log.warning("writer.reread", partition=self.partition, why=text)
        return await self._tools.reread(self.partition, expected, came)

    async def _decide(self, fence: Fence, memory: Memory, readables: list[poll.Readable]) -> list[poll.Ruling]:
        """In order, each with the memory of those before it; a file's chunks let other partitions' commands through between them.

        What cannot be decided halts its writer, unless another has become it meanwhile: then it is our memory that is too old.
        """
        now, rulings = self._tools.clock.now_ms(), list[poll.Ruling]()
        for readable in readables:
            await self._turn.pass_on()
            try:
                rulings += poll.decide_all(memory, [readable], now, self._tools.policy, self.partition)
            except Exception as error:
                await fence.affirm()
                raise HaltError(f"a decision failed: {error!r}") from error
        return rulings

    async def _keep_all_unreadable(self, readables: list[poll.Readable]) -> None:
        try:
            await self._keep_unreadable(readables)
        except (DeadLettersFullError, KafkaError, TimeoutError):
            raise
        except Exception as error:
            raise HaltError(f"a dead letter cannot be kept: {error!r}") from error

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
        """Timers and forgetting, beside the deciding; trouble here never stops it, but what must halt it does."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self._look_around()
            except HaltError as error:
                self.inbox.break_off(error)
            except Exception as error:  # noqa: BLE001  the next tick tries again
                log.warning("writer.tick_failed", partition=self.partition, error=type(error).__name__)

    async def _look_around(self) -> None:
        memory, now = self._memory, self._tools.clock.now_ms()
        if memory is None:
            return
        self._timers.sweep(memory.book, now)
        await self._append_due(memory, now)
        projected = await self._tools.projection.position(self.partition)
        async with self._still:
            memory.forget(projected)
        await self._compare_ends(memory)

    async def _compare_ends(self, memory: Memory) -> None:
        """Commands that end before what events name were cut or made anew: new ones would look like old ones and be skipped.

        Where none come although there are some, the reader has passed over the last ones.
        """
        if self._tools.clock.monotonic() - self._compared_at < COMPARE_SECONDS:
            return
        self._compared_at = self._tools.clock.monotonic()
        named = memory.next_source
        end = await self._tools.commands_end(self.partition)
        if end < named:
            raise HaltError(f"{COMMANDS.name} ends at {end}, but events name {named - 1}: it was cut or made anew")
        if named == self._stood_at and end > named and not len(self.inbox):
            log.warning("writer.reread", partition=self.partition, why=f"nothing came, {named} to {end - 1} are undecided")
            for raw in await self._tools.reread(self.partition, named, end):
                self.inbox.put(raw)
        self._stood_at = named

    async def _append_due(self, memory: Memory, now: int) -> None:
        due = self._timers.due(memory.book, now)
        if due:
            await failpoints.reach("timers.due")
            await self._tools.commands.append_many(due)
            await failpoints.reach("timers.appended")

    def _halt(self, error: Exception) -> None:
        metrics.WRITER_HALTED.labels("processor", self.partition).set(1)
        log.critical("writer.halted", partition=self.partition, why=str(error))

    def _pause_after(self, error: Exception, pause: float) -> float:
        metrics.WRITER_REOPENED.labels(type(error).__name__).inc()
        passes = isinstance(error, (FencedError, *PASSES)) and not isinstance(error, DeadLettersFullError)
        metrics.WRITER_HALTED.labels("processor", self.partition).set(int(not passes))
        log.warning("writer.reopening", partition=self.partition, cause=type(error).__name__, why=str(error)[:200])
        if isinstance(error, FencedError):
            return FENCED_SECONDS
        expected = isinstance(error, PASSES)
        return min(PAUSE_MAX_SECONDS, max(pause, 0.2) * 2) if expected else PAUSE_MAX_SECONDS

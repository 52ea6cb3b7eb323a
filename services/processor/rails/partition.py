"""The rail of one partition: folds its events and does what they leave owed.

Owns recovery (checkpoint plus tail, as the processor's writer) and the flow of starts. An attempt that was open when we came is asked after
before it is sent. Acts on money only by commands. Must not decide, or call the provider: services.processor.rails.errands does.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from domain.batch.evolve import row_ids
from domain.book import Book
from domain.evolve import evolve
from runtime import metrics
from runtime.clock import Clock
from runtime.event_log.reader import Contiguity, GapFoundError, LoggedEvent
from runtime.ids import mint
from runtime.logging import logger
from schemas.codec import CodecError, decode_event
from schemas.commands import CommandRecord, StartAttempts
from schemas.events import AttemptsStarted, BankAccountChanged, BatchReleased, EventRecord
from schemas.words import BatchPhase, PayoutStatus
from services.processor.checkpoint import Checkpoint
from services.processor.inbox import Inbox, Waiting
from services.processor.ports import Commands, History, Projection
from services.processor.rails.calls import Calls
from services.processor.rails.deposits import Deposits
from services.processor.rails.errands import Errands
from services.processor.rails.worklist import Worklist

TICK_SECONDS = 0.1
PAUSE_SECONDS = 1.0
POSTPONED_MAX = 5
"""So often starts may fail one after the other before somebody is told."""
PASSED_OVER_MS = 1_000
TRIM_SECONDS = 60.0
COMPARE_SECONDS = 10.0

log = logger(__name__)


@dataclass(frozen=True)
class Tools:
    """What a rail works with; one set per process. `places` says how many attempts may still be started."""

    history: History
    clock: Clock
    projection: Projection
    commands: Commands
    calls: Calls
    places: Callable[[], int]


class PartitionRail:
    """One task per assigned partition."""

    def __init__(self, partition: int, tools: Tools, inbox: Inbox) -> None:
        """Does nothing before run()."""
        self.partition = partition
        self.inbox = inbox
        self._tools = tools
        self._taken: list[Waiting] = []
        self._postponed = 0
        self._begin(Checkpoint(Book(), 0, 0))

    def _begin(self, loaded: Checkpoint) -> None:
        self._book = loaded.book
        self.next_offset = loaded.next_offset
        self._contiguity = Contiguity(self.partition, loaded.next_source)
        self.work = Worklist(self._book, self._tools.calls.line.group_max)
        self._errands = Errands(self.partition, self._book, self.work, self._tools.calls, self._tools.clock)
        self._deposits = Deposits(self.partition, self._book, self._tools)
        self._starts: dict[str, list[str]] = {}
        self._wake = asyncio.Event()
        self._recovered = False
        self._stood = -1, 0.0
        self._trimmed_at = self._tools.clock.monotonic()

    async def run(self) -> None:
        """Recover and work for ever; returns only when halted."""
        while True:
            try:
                await self._recover()
                await self._work()
            except CodecError as error:
                return self._halt(error)
            except GapFoundError as error:
                if not self._recovered:
                    return self._halt(error)
                # others worked while we slept, or the reader passed over something: read again, and a true gap is found there
                log.warning("rails.stale", partition=self.partition, why=str(error))
            except Exception as error:  # noqa: BLE001  start over from the checkpoint, whatever it was
                log.warning("rails.restarting", partition=self.partition, cause=type(error).__name__, why=str(error)[:200])
            finally:
                metrics.RAIL_OPEN.labels(self.partition).set(0)
                self._errands.stop()
                self._deposits.stop()
            await asyncio.sleep(PAUSE_SECONDS)

    def _halt(self, error: Exception) -> None:
        metrics.WRITER_HALTED.labels("rails", self.partition).set(1)
        log.critical("rails.halted", partition=self.partition, why=str(error))

    async def _recover(self) -> None:
        self._begin(await self._tools.projection.load(self.partition))
        async for events in self._tools.history(self.partition, self.next_offset):
            for event in events:
                self._fold(event, decode_event(event.value))
        asked = {p.id for p in self._book.payouts.in_state(PayoutStatus.PROCESSING) if p.reason is None}
        self._errands.ask_first = asked
        self.work.look_at_all()
        self._deposits.recover()
        self._recovered = True
        metrics.RAIL_OPEN.labels(self.partition).set(1)
        log.info("rails.opened", partition=self.partition, open=len(self._book.payouts), ask_first=len(asked))

    def _fold(self, event: LoggedEvent, record: EventRecord) -> list[str]:
        self._contiguity.check(event)
        touched = evolve(self._book, record)
        self.next_offset = event.offset + 1
        for unused in (self._book.keys, self._book.references, self._book.credits):
            unused.clear()
        return touched

    async def _work(self) -> None:
        beside = [asyncio.create_task(self._tick()), asyncio.create_task(self._start())]
        try:
            while True:
                self._errands.send_open()
                self._wake.set()
                self._taken = self._taken or await self.inbox.take()
                for offset, _, value in self._taken:
                    if offset >= self.next_offset:
                        self._live(offset, value or b"")
                self._taken = []
        finally:
            for task in beside:
                task.cancel()

    def _live(self, offset: int, value: bytes) -> None:
        record = decode_event(value)
        touched = self._fold(LoggedEvent(self.partition, offset, record.source_offset, "", value), record)
        started = self._starts.pop(record.command_id, ())
        self.work.starting.difference_update(started)
        self.work.look(touched)
        self.work.start_later(set(started).difference(touched), self._tools.clock.now_ms() + PASSED_OVER_MS)
        for event in record.events:
            if isinstance(event, AttemptsStarted):
                self.work.name(event.attempts)
            elif isinstance(event, BatchReleased):
                waiting = set(touched)
                free = (row for row in row_ids(event.batch_id, event.row_count) if row not in waiting)
                self.work.ready.put((record.merchant_id, event.batch_id), free)
            elif isinstance(event, BankAccountChanged):
                self._deposits.look(event.bank_account_id)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                self._look_around()
                await self._look_behind()
            except Exception as error:  # noqa: BLE001  the next tick tries again
                log.warning("rails.tick_failed", partition=self.partition, why=repr(error)[:200])

    def _look_around(self) -> None:
        now = self._tools.clock.now_ms()
        self.work.release(now)
        self._errands.ask_due(now)
        self._errands.send_open()
        self._wake.set()
        self._trim()

    async def _look_behind(self) -> None:
        """Where nothing came for a while although the log goes on, the reader has passed over the last records: read again."""
        now = self._tools.clock.monotonic()
        if self.next_offset != self._stood[0] or len(self.inbox):
            self._stood = self.next_offset, now
        if now - self._stood[1] < COMPARE_SECONDS:
            return
        self._stood = self.next_offset, now
        async for _ in self._tools.history(self.partition, self.next_offset):
            self.inbox.break_off(GapFoundError(f"nothing came, and events {self.partition}@{self.next_offset} are there"))
            return

    def _trim(self) -> None:
        """Batches that no payout here belongs to any more leave the book."""
        if self._tools.clock.monotonic() - self._trimmed_at < TRIM_SECONDS:
            return
        self._trimmed_at = self._tools.clock.monotonic()
        named = self._book.payouts.batch_ids()
        for batch in list(self._book.batches.values()):
            if batch.phase is not BatchPhase.OPEN and batch.id not in named:
                del self._book.batches[batch.id]

    async def _start(self) -> None:
        """Ask the log to start what is free, whenever something changed; apart from the reading, which must not wait for it."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._start_ready()
            except Exception as error:  # noqa: BLE001  the log is away, or a bug: without this task nothing would be started ever again
                self._postpone(error)
                await asyncio.sleep(PAUSE_SECONDS)

    def _postpone(self, error: Exception) -> None:
        """Once is nothing; what lasts stops all payouts of the partition, and somebody must hear of it."""
        self._postponed += 1
        if self._postponed < POSTPONED_MAX:
            log.warning("rails.start_postponed", partition=self.partition, why=repr(error)[:200])
            return
        metrics.WRITER_HALTED.labels("rails", self.partition).set(1)
        log.error("rails.starts_fail", partition=self.partition, times=self._postponed, why=repr(error)[:200])

    def _starts_work(self) -> None:
        if self._postponed >= POSTPONED_MAX:
            metrics.WRITER_HALTED.labels("rails", self.partition).set(0)
            log.info("rails.starts_work_again", partition=self.partition, after=self._postponed)
        self._postponed = 0

    async def _start_ready(self) -> None:
        while not self._tools.calls.line.down and (taken := self.work.take_ready(self._tools.places())) is not None:
            (merchant_id, batch_id), payout_ids = taken
            groups = [payout_ids] if batch_id is not None else [[payout_id] for payout_id in payout_ids]
            records = [self._start_record(merchant_id, batch_id, group) for group in groups if group]
            try:
                await self._tools.commands.append_many(records)
            except BaseException:
                for record in records:
                    self.work.starting.difference_update(self._starts.pop(record.id, ()))
                self.work.ready.put((merchant_id, batch_id), payout_ids)
                raise
            self._starts_work()

    def _start_record(self, merchant_id: str, batch_id: str | None, payout_ids: list[str]) -> CommandRecord:
        body = StartAttempts(provider=self._tools.calls.provider.name, payout_ids=payout_ids, batch_id=batch_id)
        record = CommandRecord(id=mint(), merchant_id=merchant_id, at=self._tools.clock.now_ms(), body=body, actor="rails")
        self._starts[record.id] = payout_ids
        return record

"""The broker's side of the in-memory log: commands, events with transactions, dead letters.

Owns offsets, epochs and what a reader of committed records may see: commands are dense; on events a transaction's end takes an offset,
aborted records keep theirs, and nothing at or behind the first open transaction is visible. The coordinator knows the last epoch that it
gave; the partition knows only those that wrote to it. All calls are atomic. Must not know a network.
"""

from collections.abc import Callable
from typing import NamedTuple

from aiokafka.errors import InvalidTxnState, OffsetOutOfRangeError, ProducerFenced

from runtime.event_log.claim import TRANSACTION_MS
from runtime.event_log.fence import Decided


class Command(NamedTuple):
    """One record of `payouts.commands`."""

    offset: int
    key: bytes | None
    value: bytes | None


class Event(NamedTuple):
    """One record of `payouts.events`, with the number of its transaction; 0 for one that is in none."""

    offset: int
    key: bytes
    value: bytes
    source_offset: int
    command_id: str
    transaction: int


class DeadLetter(NamedTuple):
    """One record of `payouts.dead-letters`."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str | None:
        """The text of a header."""
        return next((data.decode() for named, data in self.headers if named == name), None)


Waiter = Callable[[], None]
NO_TRANSACTION = 0


class Partition:
    """Commands and events of one partition number."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.events: list[Event | None] = []
        self.epoch = -1
        self._told = -1
        """The newest epoch that has written here."""
        self._ending = False
        """A renewal was affirmed and its end is not written yet."""
        self.outcome: dict[int, bool] = {NO_TRANSACTION: True}
        self._transaction = 0
        self._open_at: int | None = None
        self._opened_at = 0.0
        self.command_waiters: list[Waiter] = []
        self.event_waiters: list[Waiter] = []

    @property
    def stable(self) -> int:
        """The last stable offset: what is before it is committed or aborted for good."""
        return len(self.events) if self._open_at is None else self._open_at

    def append(self, key: bytes | None, value: bytes | None) -> int:
        """Append one command; returns its offset."""
        offset = len(self.commands)
        self.commands.append(Command(offset, key, value))
        _wake(self.command_waiters)
        return offset

    def init_producer(self) -> int:
        """A new writer: the coordinator refuses older ones, and what they left open is aborted. Returns its epoch."""
        self._end_renewal()
        self.epoch += 1
        self._end(committed=False)
        return self.epoch

    def renew(self, epoch: int) -> None:
        """A transaction without a record: the coordinator affirms the epoch. Its end comes late, behind the next write. Raises ProducerFenced."""
        self._check(epoch)
        self._end_renewal()
        self._ending = True

    def _end_renewal(self) -> None:
        if self._ending:
            self._ending, self._told = False, self.epoch
            self.events.append(None)
            _wake(self.event_waiters)

    def write(self, epoch: int, records: list[Decided]) -> int:
        """Append records outside of transactions; returns the first one's offset. Raises ProducerFenced, InvalidTxnState."""
        self._check_told(epoch)
        if self._open_at is not None:
            raise InvalidTxnState
        self._told = epoch
        base = self._add(records, NO_TRANSACTION)
        self._end_renewal()
        _wake(self.event_waiters)
        return base

    def produce(self, epoch: int, records: list[Decided], now: float) -> int:
        """Append records to the writer's transaction; returns the first one's offset. Raises ProducerFenced."""
        self._check(epoch)
        if self._open_at is None:
            self._transaction += 1
            self._open_at, self._opened_at = len(self.events), now
        self._told = epoch
        return self._add(records, self._transaction)

    def _add(self, records: list[Decided], transaction: int) -> int:
        base = len(self.events)
        for offset, record in enumerate(records, base):
            event = Event(offset, record.key, record.value, record.source_offset, record.command_id, transaction)
            self.events.append(event)
        return base

    def end(self, epoch: int, *, committed: bool) -> None:
        """End the writer's transaction. Raises ProducerFenced, or InvalidTxnState without an open one."""
        self._check(epoch)
        if self._open_at is None:
            raise InvalidTxnState
        self._end(committed=committed)

    def time_out(self, now: float) -> None:
        """The broker aborts a transaction that is open for too long, and fences its writer."""
        if self._open_at is not None and now - self._opened_at > TRANSACTION_MS / 1000:
            self.epoch += 1
            self._end(committed=False)

    def read(self, start: int, most: int) -> tuple[list[Event], int]:
        """Committed events from `start`, at most `most`, and the offset to go on at. Raises OffsetOutOfRangeError."""
        if start > len(self.events) or start < 0:
            raise OffsetOutOfRangeError({0: start})
        found: list[Event] = []
        at, stable = start, self.stable
        while at < stable and len(found) < most:
            event = self.events[at]
            if event is not None and self.outcome.get(event.transaction):
                found.append(event)
            at += 1
        return found, at

    def committed(self) -> list[Event]:
        """All committed events."""
        return self.read(0, len(self.events) + 1)[0]

    def _check(self, epoch: int) -> None:
        if epoch != self.epoch:
            raise ProducerFenced

    def _check_told(self, epoch: int) -> None:
        if epoch < self._told:
            raise ProducerFenced

    def _end(self, *, committed: bool) -> None:
        if self._open_at is None:
            return
        self.outcome[self._transaction] = committed
        self._open_at, self._told = None, self.epoch
        self.events.append(None)
        _wake(self.event_waiters)


class Broker:
    """All partitions and the dead letters."""

    def __init__(self, partitions: int) -> None:
        self.partitions = [Partition() for _ in range(partitions)]
        self.dead_letters: list[DeadLetter] = []


def _wake(waiters: list[Waiter]) -> None:
    woken = waiters[:]
    waiters.clear()
    for waiter in woken:
        waiter()

"""What a writer and a rail need from outside, as ports: the projection, the log's fence, its history, and where commands go.

Owns the contracts. `views` fulfils the projection over SQL, `runtime.event_log` the rest over Kafka; the simulation brings its own. Must
not know any of them.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, Protocol

from domain.book import Book
from runtime.event_log.fence import Decided
from runtime.event_log.reader import LoggedEvent
from schemas.commands import CommandRecord
from services.processor.checkpoint import Checkpoint

Pairs = set[tuple[str, str]]
History = Callable[[int, int], AsyncIterator[list[LoggedEvent]]]
"""(partition, start): the committed events from `start` to the end as it is now, in lists."""


class Lacking(NamedTuple):
    """Names that commands give and memory lacks: ids, or pairs of merchant and name."""

    payouts: set[str]
    batches: set[str]
    keys: Pairs
    references: Pairs
    credits: Pairs


class Projection(Protocol):
    """The views as the deciding side reads them. Raises psycopg.Error while they cannot be read."""

    async def load(self, partition: int) -> Checkpoint:
        """A partition's book and the exact offset it stands at; one that was never projected is an empty book at offset 0."""

    async def fill(self, book: Book, lacking: Lacking, partition: int) -> int:
        """Put into the book what exists of these names; what is nowhere stays absent. Returns position(partition) from before."""

    async def position(self, partition: int) -> int:
        """The events offset that the views read next."""


class Fence(Protocol):
    """One life of the writer of one partition: runtime.event_log.fence.EpochFence."""

    async def open(self) -> None:
        """Become the only writer."""

    def history(self, start: int) -> AsyncIterator[list[LoggedEvent]]:
        """Committed events from `start` to the end; call after open()."""

    async def begin(self) -> None:
        """See that the next write() may go ahead, while its records are still being decided. Never needed; trouble is raised by write()."""

    async def write(self, records: Sequence[Decided]) -> list[int]:
        """Append all in order; returns the offset of each: they need not follow each other. Raises FencedError, or another error.

        Which of the first are on the log is unknown then.
        """

    async def affirm(self) -> None:
        """Raise FencedError if we are the writer no longer, or another error where nobody says."""

    def drop(self) -> None:
        """Forget it without waiting."""


class Commands(Protocol):
    """Where commands go: runtime.event_log.producer.CommandLog."""

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """Positions of the durable records, in order. Raises LogUnavailableError in bounded time."""


class Unreadable(Protocol):
    """Where unreadable records are kept: runtime.dead_letters.DeadLetters."""

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
        """Keep one record. Raises KafkaError or TimeoutError."""

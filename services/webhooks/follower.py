"""Following `payouts.events`: each partition that is ours is read, checked for gaps, and written down.

Owns the flow and what halts it: a record that cannot be read or does not follow the one before is never skipped (RUN-27, RUN-28). A record
is told only after the views have passed it. Must not know who is told.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from domain.webhooks.notice import Notice
from domain.webhooks.tally import BatchMove
from domain.webhooks.telling import tell
from runtime import failpoints, metrics
from runtime.clock import Clock
from runtime.event_log.reader import Contiguity, EventReader, GapFoundError, LoggedEvent
from runtime.logging import logger
from schemas.codec import CodecError, decode_event
from services.webhooks.database import AWAY
from services.webhooks.notebook import DisplacedError, Notebook, Position, Stretch

SERVICE = "webhooks"
RECORDS_MAX = 50
"""Records that are taken at a time."""
PARTS_MAX = 2_000
"""A transaction takes no further record once it tells this much: a record of a batch tells of 500 payouts, to each endpoint."""
POLL_MS = 500
VIEWS_SECONDS = 0.05
AWAY_SECONDS = 1.0

_log = logger(__name__)


class Follower:
    """Follows the partitions that `follow` names, one task each, over one reader."""

    def __init__(self, bootstrap: str, notebook: Notebook, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` is told when there is something to send."""
        self._bootstrap, self._notebook, self._clock, self._wake = bootstrap, notebook, clock, wake
        self._running: asyncio.Task[None] | None = None
        self.halted: dict[int, str] = {}
        """Partitions that stand still for good, and why."""

    async def follow(self, partitions: frozenset[int]) -> None:
        """Follow these and no others from now on; returns when the others are let go of."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self.halted.clear()
        _forget_metrics()
        self._running = asyncio.create_task(self._run(partitions)) if partitions else None

    async def _run(self, partitions: frozenset[int]) -> None:
        while True:
            reader = EventReader(self._bootstrap, wait_ms=POLL_MS)
            try:
                stands = {partition: await self._notebook.position(partition) for partition in sorted(partitions)}
                await reader.start({partition: stand.next_offset for partition, stand in stands.items()})
                async with asyncio.TaskGroup() as group:
                    for partition in partitions:
                        group.create_task(self._follow(reader, partition))
                await asyncio.Event().wait()  # all have halted: nothing is tried again before a start or another owner
            except (*AWAY, KafkaError) as error:
                _log.warning("webhooks.follower_away", error=type(error).__name__)
            finally:
                with contextlib.suppress(Exception):
                    await reader.stop()
            await asyncio.sleep(AWAY_SECONDS)

    async def _follow(self, reader: EventReader, partition: int) -> None:
        """One partition until cancelled. Returns only when it has halted."""
        metrics.WRITER_HALTED.labels(SERVICE, partition).set(0)
        while True:
            try:
                await self._flow(reader, partition)
            except DisplacedError:
                _log.warning("webhooks.displaced", partition=partition)
            except (OffsetOutOfRangeError, GapFoundError, CodecError, KeyError, ValueError) as error:
                return self._halt(partition, error)
            except (*AWAY, KafkaError) as error:
                _log.warning("webhooks.follower_away", partition=partition, error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
            except Exception as error:  # noqa: BLE001  what the tables refuse, or a bug of ours: nothing may be skipped
                return self._halt(partition, error)

    async def _flow(self, reader: EventReader, partition: int) -> None:
        stand = await self._notebook.position(partition)
        reader.seek(partition, stand.next_offset)
        while True:
            events = await reader.poll(POLL_MS, RECORDS_MAX, only=[partition])
            for stretch in stretches_of(partition, stand, events):
                await self._keep(stretch)
                stand = stretch.after
            metrics.LAG_RECORDS.labels(SERVICE, partition).set(reader.lag(partition))

    async def _keep(self, stretch: Stretch) -> None:
        await self._await_views(stretch.partition, stretch.after.next_offset)
        made = await self._notebook.write(stretch, self._clock.now_ms())
        await failpoints.reach("webhooks.committed")
        if made:
            metrics.WEBHOOKS_MADE.inc(made)
            self._wake()

    async def _await_views(self, partition: int, offset: int) -> None:
        while await self._notebook.views_next(partition) < offset:  # noqa: ASYNC110  another process moves it
            await asyncio.sleep(VIEWS_SECONDS)

    def _halt(self, partition: int, error: BaseException) -> None:
        first = (str(error).strip() or "no text").splitlines()[0]
        self.halted[partition] = type(error).__name__
        metrics.WRITER_HALTED.labels(SERVICE, partition).set(1)
        remedy = "nothing after it is told; mend the cause, then start again"
        _log.error("webhooks.halted", partition=partition, error=f"{type(error).__name__}: {first}", remedy=remedy)


def stretches_of(partition: int, stand: Position, events: Sequence[LoggedEvent]) -> Iterator[Stretch]:
    """What records tell that come next at `stand`, cut into transactions. Raises GapFoundError, CodecError, KeyError.

    What stands before a record that cannot be read is given first.
    """
    check = Contiguity(partition, stand.next_source)
    before, parts = stand, list[Notice | BatchMove]()
    for event in events:
        try:
            check.check(event)
            told = _told(event)
        except Exception:
            if before != stand:
                yield Stretch(partition=partition, before=before, after=stand, parts=parts)
            raise
        parts += told
        stand = Position(event.offset + 1, event.source_offset + 1)
        if len(parts) >= PARTS_MAX:
            yield Stretch(partition=partition, before=before, after=stand, parts=parts)
            before, parts = stand, []
    if before != stand:
        yield Stretch(partition=partition, before=before, after=stand, parts=parts)


def _told(event: LoggedEvent) -> list[Notice | BatchMove]:
    record = decode_event(event.value)
    if record.source_offset != event.source_offset:
        place = f"events {event.partition}@{event.offset}"
        raise GapFoundError(f"{place}: header and record name other source offsets", event.partition)
    return tell(event.offset, record)


def _forget_metrics() -> None:
    for gauge in (metrics.LAG_RECORDS, metrics.WRITER_HALTED):
        for labels in [sample.labels for family in gauge.collect() for sample in family.samples]:
            if labels.get("service") == SERVICE:
                with contextlib.suppress(KeyError):
                    gauge.remove(SERVICE, labels["partition"])

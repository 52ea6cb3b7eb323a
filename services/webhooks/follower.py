"""Following `payouts.events`: each partition that is ours is read, checked for gaps, and written down.

Owns the flow and what halts it: a record that cannot be read or does not follow the one before is never skipped (RUN-27, RUN-28). A record
is told only after the views have passed it. Must not know who is told.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence, Set

from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from domain.webhooks.notice import Notice
from domain.webhooks.tally import BatchMove
from domain.webhooks.telling import tell
from runtime import failpoints, metrics
from runtime.clock import Clock
from runtime.event_log.reader import Contiguity, EventReader, GapFoundError, LoggedEvent
from runtime.logging import logger
from schemas.codec import CodecError, decode_event
from schemas.events import EventRecord
from services.webhooks.database import AWAY
from services.webhooks.notebook import DisplacedError, Notebook, Position, Stretch

SERVICE = "webhooks"
RECORDS_MAX = 50
"""Records that are taken at a time."""
PARTS_MAX = 2_000
"""A transaction takes no further record once it tells this much: a record of a batch tells of 500 payouts, to each endpoint."""
POLL_MS = 500
VIEWS_SECONDS = 0.05
UNHEARD_SECONDS = 0.2
"""What nobody listens to waits so long for more, so that a transaction that only moves tallies is worth its cost."""
UNHEARD_LOOKS = 5
"""So often at most, and only until somebody is told of something."""
AWAY_SECONDS = 1.0

_log = logger(__name__)


Read = tuple[int, EventRecord]
"""A record and its offset."""


class Follower:
    """Follows the partitions that `follow` names, one task each, over one reader."""

    def __init__(self, bootstrap: str, notebook: Notebook, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` is told when there is something to send."""
        self._bootstrap, self._notebook, self._clock, self._wake = bootstrap, notebook, clock, wake
        self._running: asyncio.Task[None] | None = None
        self._views: dict[int, int] = {}
        """Where the views of a partition stood when they were last asked."""
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
            read, fault = read_all(partition, stand, await reader.poll(POLL_MS, RECORDS_MAX, only=[partition]))
            heard = await self._heard(read)
            if read and not heard and fault is None:
                heard, fault = await self._more(reader, partition, read)
            for stretch in stretches_of(partition, stand, read, heard):
                await self._keep(stretch)
                stand = stretch.after
            if fault is not None:
                raise fault
            metrics.LAG_RECORDS.labels(SERVICE, partition).set(reader.lag(partition))

    async def _more(self, reader: EventReader, partition: int, read: list[Read]) -> tuple[Set[str], Exception | None]:
        """Add to what nobody listens to what comes in a while; returns as read_all does, with the merchants who are heard.

        Who begins to listen meanwhile is found when it is written down.
        """
        unheard = _merchants(read)
        for _ in range(UNHEARD_LOOKS):
            await asyncio.sleep(UNHEARD_SECONDS)
            more, fault = read_all(partition, _behind(read), await reader.poll(0, RECORDS_MAX, only=[partition]))
            read += more
            heard = await self._heard([one for one in more if one[1].merchant_id not in unheard])
            if heard or fault is not None or len(read) >= RECORDS_MAX:
                return heard, fault
            unheard |= _merchants(more)
        return set(), None

    async def _heard(self, read: Sequence[Read]) -> set[str]:
        return await self._notebook.heard(_merchants(read)) if read else set()

    async def _keep(self, stretch: Stretch) -> None:
        await self._await_views(stretch.partition, stretch.after.next_offset)
        made = await self._notebook.write(stretch, self._clock.now_ms())
        await failpoints.reach("webhooks.committed")
        if made:
            metrics.WEBHOOKS_MADE.inc(made)
            self._wake()

    async def _await_views(self, partition: int, offset: int) -> None:
        if self._views.get(partition, 0) < offset:  # it is just being written: asking at once would only slow that down
            await asyncio.sleep(VIEWS_SECONDS)
        while (stand := await self._notebook.views_next(partition)) < offset:  # noqa: ASYNC110  another process moves it
            await asyncio.sleep(VIEWS_SECONDS)
        self._views[partition] = stand

    def _halt(self, partition: int, error: BaseException) -> None:
        first = (str(error).strip() or "no text").splitlines()[0]
        self.halted[partition] = type(error).__name__
        metrics.WRITER_HALTED.labels(SERVICE, partition).set(1)
        remedy = "nothing after it is told; mend the cause, then start again"
        _log.error("webhooks.halted", partition=partition, error=f"{type(error).__name__}: {first}", remedy=remedy)


def read_all(partition: int, stand: Position, events: Iterable[LoggedEvent]) -> tuple[list[Read], Exception | None]:
    """The records that come next at `stand`, up to the first that cannot be read or does not follow, and what is wrong with that one."""
    check, read = Contiguity(partition, stand.next_source), list[Read]()
    for event in events:
        try:
            check.check(event)
            read.append((event.offset, _read(event)))
        except (GapFoundError, CodecError) as error:
            return read, error
    return read, None


def _merchants(read: Sequence[Read]) -> set[str]:
    return {record.merchant_id for _, record in read}


def _behind(read: Sequence[Read]) -> Position:
    offset, record = read[-1]
    return Position(offset + 1, record.source_offset + 1)


def _read(event: LoggedEvent) -> EventRecord:
    record = decode_event(event.value)
    if record.source_offset != event.source_offset:
        place = f"events {event.partition}@{event.offset}"
        raise GapFoundError(f"{place}: header and record name other source offsets", event.partition)
    return record


def stretches_of(partition: int, stand: Position, read: Iterable[Read], heard: Set[str]) -> Iterator[Stretch]:
    """What records tell, cut into transactions; of merchants who are not `heard` no payouts. Raises KeyError for an unknown fact."""
    before, parts, unheard = stand, list[Notice | BatchMove](), set[str]()
    for offset, record in read:
        parts += tell(offset, record, record.merchant_id in heard)
        unheard |= {record.merchant_id} - heard
        stand = _behind([(offset, record)])
        if len(parts) >= PARTS_MAX:
            yield Stretch(partition=partition, before=before, after=stand, parts=parts, unheard=frozenset(unheard))
            before, parts, unheard = stand, [], set()
    if before != stand:
        yield Stretch(partition=partition, before=before, after=stand, parts=parts, unheard=frozenset(unheard))


def _forget_metrics() -> None:
    for gauge in (metrics.LAG_RECORDS, metrics.WRITER_HALTED):
        for labels in [sample.labels for family in gauge.collect() for sample in family.samples]:
            if labels.get("service") == SERVICE:
                with contextlib.suppress(KeyError):
                    gauge.remove(SERVICE, labels["partition"])

"""Reading one upstream's inbox topic and answering each record once.

Owns the poll: its records are judged at the same time, those of one merchant in order; then, per partition, the replies and the
offset behind them go out in one transaction. Before a record that must wait, all that stand in front of it are answered.

What is guaranteed: a record's command is idempotent, within the life of its key by the key, and for ever by the id that follows from the
record, the rows' place or the credit's reference; so reading a record again never acts twice. A record's reply and the
offset behind it are committed together, so a reader of committed records sees exactly one reply per record, also after a crash or a
rebalance at any point. Dead letters are at least once: a crash between the dead letter and the transaction keeps it twice, with the
same coordinates. A reply to a repeat that was read again after a crash may say `duplicate` for a command that names nothing new (rows,
seal, cancel); its subject and body are the first ones.
"""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from runtime import metrics
from runtime.clock import Clock
from runtime.dead_letters import DeadLetters
from runtime.event_log import connection, foreign_records
from runtime.logging import logger
from schemas.topics import inbox
from services.ingest.inbox.judging import Judge, Judged, Judging
from services.ingest.inbox.messages import InboxRecord
from services.ingest.inbox.replies import encode, headers, key
from services.ingest.inbox.transaction import Outgoing, ReplyWriter, group_of

POLL_RECORDS_MAX = 200
POLL_MS = 500
SESSION_MS = 6_000
POLL_INTERVAL_MS = 3_600_000
"""A poll may wait for the processor for so long before the group takes its partitions away."""
BACKOFF_SECONDS = 1.0
FULL_SECONDS = 5.0
STUCK_SECONDS = 60.0
"""Of starting again without one poll that was answered: then it counts as halted, and the alert goes."""
DROP_SECONDS = 2.0

_log = logger(__name__)


class UpstreamInbox:
    """One upstream's inbox."""

    def __init__(self, bootstrap: str, upstream: str, judge: Judge, dead_letters: DeadLetters, clock: Clock) -> None:
        """Nothing is connected before `run`."""
        self._bootstrap = bootstrap
        self._upstream = upstream
        self._judging = Judging(judge, dead_letters, clock)
        self._writers: dict[TopicPartition, ReplyWriter] = {}
        self._lost: set[TopicPartition] = set()
        self._clock = clock
        self._well_at = clock.monotonic()

    async def run(self) -> None:
        """Answer records until canceled; after any trouble start again from the committed offsets."""
        while True:
            try:
                await self._consume()
            except Exception as error:  # noqa: BLE001  whatever it was, the committed offset is the truth to go on from
                _log.warning("inbox.restarted", upstream=self._upstream, error=type(error).__name__)
                self._stuck().set(self._clock.monotonic() - self._well_at > STUCK_SECONDS)
            await asyncio.sleep(BACKOFF_SECONDS)

    async def _consume(self) -> None:
        consumer = self._consumer()
        try:
            await consumer.start()
            consumer.subscribe([inbox(self._upstream).name], listener=_Listener(self._lost))
            while True:
                found = await self._poll(consumer)
                await self._forget_lost()
                await asyncio.gather(*(self._answer(consumer, place, records) for place, records in found.items()))
                self._well_at = self._clock.monotonic()
                self._stuck().set(0)
        finally:
            self._lost.update(self._writers)
            await self._forget_lost()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(DROP_SECONDS):
                    await consumer.stop()

    def _stuck(self) -> Any:
        return metrics.WRITER_HALTED.labels("ingest", f"inbox-{self._upstream}")

    async def _poll(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, list[InboxRecord]]:
        """What came in. A partition whose next record was deleted unread halts alone; it never jumps over what was lost (RUN-28)."""
        try:
            return dict(await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS_MAX))
        except NoOffsetForPartitionError as error:  # nothing was ever answered there
            await consumer.seek_to_beginning(error.args[0])
        except OffsetOutOfRangeError as error:
            for place, offset in error.args[0].items():
                consumer.pause(place)
                metrics.WRITER_HALTED.labels("ingest", f"inbox-{self._upstream}-{place.partition}").set(1)
                _log.critical("inbox.halted", topic=place.topic, partition=place.partition, offset=offset, why="it was cut")
        return {}

    def _consumer(self) -> AIOKafkaConsumer:
        foreign_records.install()
        return connection.reader(
            self._bootstrap,
            group_id=group_of(self._upstream),
            session_timeout_ms=SESSION_MS,
            max_poll_interval_ms=POLL_INTERVAL_MS,
        )

    async def _answer(self, consumer: AIOKafkaConsumer, place: TopicPartition, records: list[InboxRecord]) -> None:
        writer, committed = await self._writer(consumer, place)
        fresh = [record for record in records if record.offset >= committed]
        if not fresh:
            return
        judged, waits_at, why = await self._judging.answerable(place, fresh)
        if judged:
            await self._reply(writer, judged)
        if waits_at is not None:
            self._wait(consumer, place, waits_at, why)

    async def _reply(self, writer: ReplyWriter, judged: list[Judged]) -> None:
        outgoing = [Outgoing(key(one.record), encode(one.reply), headers(one.record, one.reply)) for one in judged]
        await writer.write(outgoing, judged[-1].record.offset + 1)
        for one in judged:
            metrics.INBOX.labels(self._upstream, one.reply.result).inc()

    def _wait(self, consumer: AIOKafkaConsumer, place: TopicPartition, offset: int, error: Exception | None) -> None:
        """This partition alone stands still for a while, then looks again whether an operator has mended it (RUN-24)."""
        halted = metrics.WRITER_HALTED.labels("ingest", f"inbox-{self._upstream}-{place.partition}")
        halted.set(1)
        _log.error("inbox.waits", topic=place.topic, partition=place.partition, offset=offset, why=str(error))
        consumer.seek(place, offset)
        consumer.pause(place)

        def look_again() -> None:
            halted.set(0)
            if place in consumer.assignment():
                consumer.resume(place)

        asyncio.get_running_loop().call_later(FULL_SECONDS, look_again)

    async def _writer(self, consumer: AIOKafkaConsumer, place: TopicPartition) -> tuple[ReplyWriter, int]:
        """The partition's writer, and the offset below which all is answered. Opened first: only then is the offset final."""
        known = self._writers.get(place)
        if known is not None:
            return known, 0
        writer = self._writers[place] = ReplyWriter(self._bootstrap, self._upstream, place)
        await writer.open()
        return writer, await consumer.committed(place) or 0

    async def _forget_lost(self) -> None:
        for place in self._lost:
            self._judging.forget(place)
        lost = [self._writers.pop(place) for place in list(self._lost) if place in self._writers]
        self._lost.clear()
        await asyncio.gather(*(writer.drop() for writer in lost))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes the partitions that were taken away: if they come back, somebody else may have answered in between."""

    def __init__(self, lost: set[TopicPartition]) -> None:
        self._lost = lost

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self._lost.update(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing: a partition's writer is opened with its first record."""

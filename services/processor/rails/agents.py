"""The agent of rails: hands each event to the rail of its partition.

Owns the routing and the life of rails. The same shape as the processor's agent, over committed events only. Must not read a record.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from runtime.event_log.connection import READ_COMMITTED
from runtime.logging import logger
from schemas.topics import EVENTS
from services.processor.app import raw_topic
from services.processor.inbox import Inbox, Waiting
from services.processor.rails.partition import PartitionRail

log = logger(__name__)


class CommittedThread(driver.AIOKafkaConsumerThread):
    """Faust reads uncommitted records unless it owns the transactions; here somebody else does."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = READ_COMMITTED  # noqa: SLF001  the driver has no setting for it
        return consumer


class CommittedConsumer(driver.Consumer):
    """A consumer of committed records."""

    def _new_consumer_thread(self) -> CommittedThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)


class CommittedTransport(driver.Transport):
    """Faust's transport with such a consumer."""

    Consumer = CommittedConsumer


class Rails:
    """The rails of the partitions that the group gave us."""

    def __init__(self, app: faust.App, make: Callable[[int, Inbox], PartitionRail]) -> None:
        """`make` builds the rail of a partition."""
        self._app, self._make = app, make
        self.open: dict[int, PartitionRail] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def assign(self, partitions: Iterable[int]) -> None:
        """Exactly `partitions` have a rail afterwards. Returns at once."""
        mine = set(partitions)
        for partition in set(self.open) - mine:
            del self.open[partition]
            self._tasks.pop(partition).cancel()
        for partition in mine - set(self.open):
            place = TP(EVENTS.name, partition)
            inbox = Inbox(
                lambda p=place: self._app.consumer.on_buffer_full(p), lambda p=place: self._app.consumer.on_buffer_drop(p)
            )
            self.open[partition] = rail = self._make(partition, inbox)
            self._tasks[partition] = asyncio.create_task(rail.run())
        log.info("rails.assigned", partitions=sorted(mine))

    def route(self, message: Any) -> None:
        """Hand over one record."""
        rail = self.open.get(message.partition)
        if rail is not None:
            rail.inbox.put(Waiting(message.offset, message.key, message.value))

    @property
    def in_flight(self) -> int:
        """Attempts asked for or open, over all partitions of this process."""
        return sum(rail.work.in_flight for rail in self.open.values())

    @property
    def waiting(self) -> int:
        """Payouts free to be sent that wait for a place."""
        return sum(rail.work.ready.count for rail in self.open.values())

    async def stop(self) -> None:
        """Let go of all rails."""
        tasks = list(self._tasks.values())
        self.assign(())
        await asyncio.gather(*tasks, return_exceptions=True)


def install(app: faust.App, rails: Rails) -> None:
    """Connect rails with the app's assignment and its stream of events."""

    @app.on_partitions_assigned.connect
    async def assigned(_app: faust.App, partitions: Iterable[TP], **_: object) -> None:
        rails.assign(place.partition for place in partitions if place.topic == EVENTS.name)

    @app.agent(raw_topic(app, EVENTS), concurrency=1)
    async def route(stream: Any) -> None:
        async for event in stream.events():
            rails.route(event.message)

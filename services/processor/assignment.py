"""The workers of the partitions that the group gave us: one each, made and let go by the assignment.

Owns their life and the routing of records to them, for the processor's writers and for rails alike. Must not read a record, wait for a
worker, or know what it does: aiokafka sends no heartbeat while an assignment call-back runs.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, Protocol, TypeVar

import faust
from faust.types import TP

from runtime import failpoints
from runtime.logging import logger
from schemas.topics import Topic
from services.processor.app import raw_topic
from services.processor.inbox import Inbox, Waiting

log = logger(__name__)


class Worker(Protocol):
    """Works on one partition until it is canceled or halts."""

    inbox: Inbox

    def run(self) -> Coroutine[Any, Any, None]:
        """Work."""


W = TypeVar("W", bound=Worker)


class Assigned(Generic[W]):
    """Workers of one topic by partition."""

    def __init__(self, app: faust.App, topic: Topic, make: Callable[[int, Inbox], W]) -> None:
        """`make` builds the worker of a partition."""
        self._app, self._topic, self._make = app, topic, make
        self.open: dict[int, W] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def assign(self, partitions: Iterable[int]) -> None:
        """Exactly `partitions` have a worker afterwards. Returns at once."""
        mine = set(partitions)
        for partition in set(self.open) - mine:
            del self.open[partition]
            self._tasks.pop(partition).cancel()
        for partition in mine - set(self.open):
            self.open[partition] = worker = self._make(partition, self._inbox(partition))
            self._tasks[partition] = asyncio.create_task(worker.run())
        log.info("partitions.assigned", topic=self._topic.name, partitions=sorted(mine))

    def route(self, message: Any) -> None:
        """Hand over one record; one of a partition that was taken from us, or has halted, is not kept."""
        worker = self.open.get(message.partition)
        if worker is not None and not self._tasks[message.partition].done():
            worker.inbox.put(Waiting(message.offset, message.key, message.value))

    async def stop(self) -> None:
        """Let go of all workers."""
        tasks = list(self._tasks.values())
        self.assign(())
        await asyncio.gather(*tasks, return_exceptions=True)

    def install(self) -> None:
        """Connect the workers with the app's assignment and its stream of records."""

        @self._app.on_partitions_assigned.connect
        async def assigned(_app: faust.App, partitions: Iterable[TP], **_: object) -> None:
            await failpoints.reach("processor.assigned")
            self.assign(place.partition for place in partitions if place.topic == self._topic.name)

        @self._app.agent(raw_topic(self._app, self._topic), concurrency=1, name=f"route-{self._topic.name}")
        async def route(stream: Any) -> None:
            async for event in stream.events():
                self.route(event.message)

    def _inbox(self, partition: int) -> Inbox:
        place = TP(self._topic.name, partition)

        def on_full() -> None:
            self._app.consumer.on_buffer_full(place)

        def on_drained() -> None:
            self._app.consumer.on_buffer_drop(place)

        return Inbox(on_full, on_drained)

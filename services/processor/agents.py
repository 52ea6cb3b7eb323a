"""The agent: hands each raw command to the writer of its partition.

Owns the routing and the life of the writers: one per assigned partition, made and let go by the group's assignment. Must not read a
record, wait for a writer, or know what a writer does: aiokafka sends no heartbeat while an assignment call-back runs.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import faust
from faust.types import TP

from runtime.logging import logger
from schemas.topics import COMMANDS
from services.processor.app import raw_topic
from services.processor.inbox import Inbox, Waiting
from services.processor.writer import PartitionWriter

log = logger(__name__)


class Writers:
    """The writers of the partitions that the group gave us."""

    def __init__(self, app: faust.App, make: Callable[[int, Inbox], PartitionWriter]) -> None:
        """`make` builds the writer of a partition."""
        self._app, self._make = app, make
        self.open: dict[int, PartitionWriter] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def assign(self, partitions: Iterable[int]) -> None:
        """Keep, start and let go of writers so that exactly `partitions` have one. Returns at once."""
        mine = set(partitions)
        for partition in set(self.open) - mine:
            del self.open[partition]
            self._tasks.pop(partition).cancel()
        for partition in mine - set(self.open):
            place = TP(COMMANDS.name, partition)
            inbox = Inbox(
                lambda place=place: self._app.consumer.on_buffer_full(place),
                lambda place=place: self._app.consumer.on_buffer_drop(place),
            )
            self.open[partition] = writer = self._make(partition, inbox)
            self._tasks[partition] = asyncio.create_task(writer.run())
        log.info("processor.assigned", partitions=sorted(mine))

    def route(self, message: Any) -> None:
        """Hand over one record; one of a partition that was taken from us meanwhile is its new owner's to read."""
        writer = self.open.get(message.partition)
        if writer is not None:
            writer.inbox.put(Waiting(message.offset, message.key, message.value))

    async def stop(self) -> None:
        """Let go of all writers."""
        tasks = list(self._tasks.values())
        self.assign(())
        await asyncio.gather(*tasks, return_exceptions=True)


def install(app: faust.App, writers: Writers) -> None:
    """Connect the writers with the app's assignment and its stream of commands."""

    @app.on_partitions_assigned.connect
    async def assigned(_app: faust.App, partitions: Iterable[TP], **_: object) -> None:
        writers.assign(place.partition for place in partitions if place.topic == COMMANDS.name)

    @app.agent(raw_topic(app, COMMANDS), concurrency=1)
    async def route(stream: Any) -> None:
        async for event in stream.events():
            writers.route(event.message)

"""Processor and rails in simulated processes: the product's writers and rails, one per partition that the group gives.

Owns what their wiring and Faust own, with other adapters. Must not hold rules or faults.
"""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from runtime import failpoints
from schemas.topics import COMMANDS, EVENTS
from services.processor.assignment import Assigned
from services.processor.inbox import Waiting
from services.processor.rails.answers import Answers
from services.processor.rails.calls import Calls
from services.processor.rails.partition import PartitionRail
from services.processor.rails.partition import Tools as RailTools
from services.processor.writer import PartitionWriter
from services.processor.writer import Tools as WriterTools
from tests.simulation.clients import MemoryCommandLog, MemoryDeadLetters, MemoryFence
from tests.simulation.group import Member
from tests.simulation.processes import Process
from tests.simulation.provider import ProviderClient
from tests.simulation.store import MemoryProjection

if TYPE_CHECKING:
    from tests.simulation.world import World

HINT_SECONDS = 2.0
RETRY_SECONDS = 0.5
PLACES = 16
NO_APP: Any = SimpleNamespace(consumer=SimpleNamespace(on_buffer_full=lambda _: None, on_buffer_drop=lambda _: None))


class Worker:
    """A process with one worker per partition that its group gives it: the processor's writers, or rails."""

    def __init__(self, world: "World", process: Process, group: str, topic: Any) -> None:
        self.world, self.process, self.group = world, process, world.groups[group]
        self.assigned: Assigned[Any] = Assigned(NO_APP, topic, self.make)
        self._feeders: list[asyncio.Task[None]] = []

    def make(self, partition: int, inbox: Any) -> Any:
        raise NotImplementedError

    def positions(self) -> dict[int, int]:
        raise NotImplementedError

    async def read(self, partition: int, at: int) -> tuple[Iterable[Any], int]:
        raise NotImplementedError

    async def run(self) -> None:
        self.group.join(Member(self.process, self._assigned, lambda: None))
        while True:
            await asyncio.sleep(HINT_SECONDS)
            self.group.commit(self.process, self.positions())

    def _assigned(self, starts: dict[int, int]) -> None:
        asyncio.get_running_loop().create_task(self._take(starts))

    async def _take(self, starts: dict[int, int]) -> None:
        await failpoints.reach("processor.assigned")
        for feeder in self._feeders:
            feeder.cancel()
        self.assigned.assign(starts)
        self._feeders = [asyncio.create_task(self._feed(partition, at)) for partition, at in starts.items()]

    async def _feed(self, partition: int, at: int) -> None:
        while True:
            try:
                records, at = await self.read(partition, at)
            except Exception:  # noqa: BLE001  Faust's consumer tries again by itself
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for record in records:
                self.assigned.route(
                    SimpleNamespace(partition=partition, offset=record.offset, key=record.key, value=record.value)
                )

    def halted(self) -> list[int]:
        """Partitions whose worker returned by itself."""
        return [partition for partition, task in self.assigned._tasks.items() if task.done() and not task.cancelled()]


class Processor(Worker):
    """services.processor.wiring."""

    def __init__(self, world: "World", process: Process) -> None:
        super().__init__(world, process, "processor", COMMANDS)
        self.tools = WriterTools(
            fence=lambda partition: MemoryFence(world.log, partition),
            policy=world.shape.policy,
            clock=world.clock(process),
            projection=MemoryProjection(world.database),
            commands=MemoryCommandLog(world.log),
            dead_letters=MemoryDeadLetters(world.log),
            commands_end=world.log.commands_end,
            is_member=self._is_member,
            reread=self._reread,
        )

    async def _reread(self, partition: int, start: int, end: int) -> list[Waiting]:
        found = (await self.world.log.commands_from(partition, start))[: end - start]
        return [Waiting(*command) for command in found]

    async def _is_member(self, partition: int, position: int) -> bool:
        return await self.world.log.ask(self.group.is_owner, self.process, partition)

    def make(self, partition: int, inbox: Any) -> PartitionWriter:
        return PartitionWriter(partition, self.tools, inbox)

    def positions(self) -> dict[int, int]:
        return {partition: writer.next_source for partition, writer in self.assigned.open.items()}

    async def read(self, partition: int, at: int) -> tuple[Iterable[Any], int]:
        found = await self.world.log.commands_from(partition, at)
        return found, at + len(found)


class Rails(Worker):
    """services.processor.rails.wiring."""

    def __init__(self, world: "World", process: Process) -> None:
        super().__init__(world, process, "rails", EVENTS)
        commands, clock = MemoryCommandLog(world.log), world.clock(process)
        provider = ProviderClient(world.books)
        self.answers = Answers(commands, clock, provider.name)
        self.tools = RailTools(
            history=world.log.history,
            clock=clock,
            projection=MemoryProjection(world.database),
            commands=commands,
            calls=Calls(provider, self.answers, clock, PLACES, world.shape.bulk_max),
            places=lambda: PLACES * 4 - sum(rail.work.in_flight for rail in self.assigned.open.values()),
        )

    def make(self, partition: int, inbox: Any) -> PartitionRail:
        return PartitionRail(partition, self.tools, inbox)

    def positions(self) -> dict[int, int]:
        return {partition: rail.next_offset for partition, rail in self.assigned.open.items()}

    async def read(self, partition: int, at: int) -> tuple[Iterable[Any], int]:
        return await self.world.log.events_from(partition, at)

    async def run(self) -> None:
        await asyncio.gather(super().run(), self.answers.run())

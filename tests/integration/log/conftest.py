"""One suite for two logs: Kafka through the product's own clients, and the simulation's log in memory.

Owns how a story is run on each. Must not know what the stories tell.
"""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from aiokafka import TopicPartition

from runtime import failpoints
from runtime.dead_letters import DeadLetters
from runtime.event_log import connection, fence
from runtime.event_log.fence import EpochFence
from runtime.event_log.producer import CommandLog
from runtime.event_log.reader import EventReader
from schemas.topics import COMMANDS, DEAD_LETTERS
from tests.integration.own_log import own_log
from tests.simulation import clients
from tests.simulation.broker import Broker
from tests.simulation.clients import Log, MemoryCommandLog, MemoryDeadLetters, MemoryFence, MemoryReader
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import Network

PARTITIONS = 2
WRITE_SECONDS = 1.5


Kept = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
"""Key, value and headers of a dead letter."""


@dataclass
class Clients:
    """What a story works with."""

    fence: Callable[[int], Any]
    reader: Callable[[], Any]
    commands: Any
    commands_end: Callable[[int], Coroutine[Any, Any, int]]
    dead_letters: Any
    producer: Callable[[], Any]
    """The client under the dead letters."""
    kept: Callable[[], Coroutine[Any, Any, list[Kept]]]
    """All that is on the topic of dead letters."""


Story = Callable[[Clients], Coroutine[Any, Any, None]]


@pytest.fixture(params=["memory", "kafka"])
def tell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Story], None]]:
    """Run a story on a fresh log; a write gives up sooner than usual."""
    monkeypatch.setattr(fence, "WRITE_SECONDS", WRITE_SECONDS)
    monkeypatch.setattr(clients, "WRITE_SECONDS", WRITE_SECONDS)
    if request.param == "memory":
        yield _in_memory
    else:
        with own_log(request.getfixturevalue("kafka_bootstrap"), PARTITIONS) as log:
            yield lambda story: asyncio.run(_on_kafka(log.bootstrap, story))
    failpoints.on_reach(None)


def _in_memory(story: Story) -> None:
    loop = VirtualLoop(Random(1))
    log = Log(Broker(PARTITIONS), Network(loop, Random(2)))
    letters: Any = MemoryDeadLetters(log)

    async def kept() -> list[Kept]:
        return [(letter.key, letter.value, letter.headers) for letter in log.broker.dead_letters]

    tools = Clients(
        lambda partition: MemoryFence(log, partition),
        lambda: MemoryReader(log, idle=True),
        MemoryCommandLog(log),
        log.commands_end,
        letters,
        lambda: letters._producer,
        kept,
    )
    loop.run(story(tools), 100_000)
    gc.collect()  # what the story left unfinished is torn down here, not in the middle of somebody's import


async def _on_kafka(bootstrap: str, story: Story) -> None:
    commands = CommandLog(bootstrap, PARTITIONS)
    await commands.start()
    ends = connection.reader(bootstrap, isolation_level="read_uncommitted")
    await ends.start()

    async def commands_end(partition: int) -> int:
        place = TopicPartition(COMMANDS.name, partition)
        return int((await ends.end_offsets([place]))[place])

    letters = DeadLetters(bootstrap)
    await letters.start()
    tools = Clients(
        lambda p: EpochFence(bootstrap, p),
        lambda: EventReader(bootstrap),
        commands,
        commands_end,
        letters,
        lambda: letters._producer,
        lambda: _kept_on_kafka(ends),
    )
    try:
        await story(tools)
    finally:
        await letters.stop()
        await ends.stop()
        await commands.stop()


async def _kept_on_kafka(reader: Any) -> list[Kept]:
    places = [TopicPartition(DEAD_LETTERS.name, number) for number in range(PARTITIONS)]
    reader.assign(places)
    await reader.seek_to_beginning(*places)
    ends = await reader.end_offsets(places)
    found: list[Kept] = []
    while [place for place in places if await reader.position(place) < ends[place]]:
        for records in (await reader.getmany(timeout_ms=200)).values():
            found += [(record.key, record.value, tuple(record.headers)) for record in records]
    return found

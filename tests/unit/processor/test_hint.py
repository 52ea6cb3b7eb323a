"""The hint's commits: never an empty one, which Faust's driver takes for a reason to end the whole process."""

from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.util import commit_structure_validate
from faust.types import TP

from runtime.clock import SystemClock
from services.processor.hint import Hint

TOPIC = "commands"
FIRST, SECOND = TP(TOPIC, 0), TP(TOPIC, 1)


class Thread:
    """The driver's thread: what it holds may have changed since the app looked."""

    def __init__(self, held: set[TP]) -> None:
        self.held, self.committed = held, list[dict[TP, int]]()

    def assignment(self) -> set[TP]:
        return self.held

    async def call_thread(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        return await work(*arguments)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        commit_structure_validate({TopicPartition(*place): at for place, at in offsets.items()})
        self.committed.append(dict(offsets))
        return True


def hint(thread: Thread) -> Hint:
    app: Any = SimpleNamespace(consumer=SimpleNamespace(assignment=lambda: {FIRST, SECOND}, _thread=thread))
    return Hint(app, TOPIC, SystemClock(), lambda: {0: 5, 1: 7})


async def test_what_a_rebalance_took_in_between_is_no_membership_and_no_commit() -> None:
    thread = Thread(set())
    assert await hint(thread).is_member(0, 5) is False
    assert thread.committed == []


async def test_what_is_still_held_is_committed() -> None:
    thread = Thread({SECOND})
    beating = hint(thread)
    await beating._beat()
    assert await beating.is_member(0, 5) is False
    assert await beating.is_member(1, 8) is True
    assert thread.committed == [{SECOND: 7}, {SECOND: 8}]


def test_an_empty_commit_is_an_error_in_the_client() -> None:
    with pytest.raises(ValueError, match=r"\{\}"):
        commit_structure_validate({})

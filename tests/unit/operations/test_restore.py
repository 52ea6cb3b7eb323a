"""A restore on a broker that is brand-new, or where an earlier one died (RUN-26); the lines that `payflow dev` says."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError

from payflow import restore
from payflow.dev import banner

pytestmark = pytest.mark.unit
EVENTS, REPLIES = TopicPartition("payouts.events", 0), TopicPartition("payouts.replies", 0)


class NewBroker:
    """Refuses to speak of groups twice, once by an error and once in its answer."""

    def __init__(self) -> None:
        self.answers = [GroupCoordinatorNotAvailableError(), [self._answer(15)], [self._answer(0)]]

    def _answer(self, code: int) -> Any:
        return SimpleNamespace(groups=[(code, "group", "Dead", "", "", [])])

    async def describe_consumer_groups(self, groups: list[str]) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_brand_new_broker_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "LOOK_SECONDS", 0)
    broker: Any = NewBroker()
    assert (await restore._described(broker, "group")).groups[0][0] == 0
    assert not broker.answers


def test_what_a_dead_restore_left_is_told_with_the_way_on_and_a_log_that_lives_is_not() -> None:
    wanted = {EVENTS: 10, REPLIES: 5}
    half = restore.not_empty({EVENTS: 10, REPLIES: 0}, wanted)
    assert half.startswith("payouts.events not empty")
    assert "--delete --topic payouts.events`) and repeat" in half
    assert "--only database" in restore.not_empty(dict(wanted), wanted)
    lives = restore.not_empty({EVENTS: 11, REPLIES: 0}, wanted)
    assert "not empty" in lives
    assert "--delete" not in lives


def test_dev_says_what_other_commands_must_be_told() -> None:
    stack: Any = SimpleNamespace(
        console=False, url="u", logs="l", bootstrap="127.0.0.1:41", database_url="postgresql://a@h:5/d?x=1&y=2"
    )
    assert banner(stack)[-2:] == [
        "export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:41",
        "export DATABASE_URL='postgresql://a@h:5/d?x=1&y=2'",
    ]

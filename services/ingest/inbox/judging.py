"""What of a poll can be answered now: its records decided, those that nobody can read kept, up to the first that must wait.

Owns that a record which was decided once is not decided again while one before it waits: it would append a command each time. Must
not write replies.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aiokafka import TopicPartition

from runtime.clock import Clock
from runtime.dead_letters import DeadLetters, DeadLettersFullError
from services.ingest.inbox.messages import InboxRecord
from services.ingest.inbox.replies import Reply
from services.ingest.waiting import DecisionsLostError


class Judged(NamedTuple):
    """What became of one record: its reply, and why it is a dead letter, if it is one (a code and a sentence)."""

    record: InboxRecord
    reply: Reply
    unreadable: tuple[str, str] | None = None


class Judge(Protocol):
    """What turns records into commands and waits for their decisions."""

    async def judge(self, records: Sequence[InboxRecord]) -> list[Judged]:
        """The records of one merchant, in order. Does not give up: it waits until each is decided."""


class Answerable(NamedTuple):
    """The records that can be answered now, in order; if not all can, the offset of the first that waits, and why."""

    judged: list[Judged]
    waits_at: int | None = None
    why: Exception | None = None


class Judging:
    """Judges one upstream's polls."""

    def __init__(self, judge: Judge, dead_letters: DeadLetters, clock: Clock) -> None:
        """Nothing is decided yet."""
        self._judge = judge
        self._dead_letters = dead_letters
        self._clock = clock
        self._behind: dict[TopicPartition, dict[int, Judged]] = {}

    async def answerable(self, place: TopicPartition, records: Sequence[InboxRecord]) -> Answerable:
        """Judge the next records of a partition. Those behind one that waits are kept in mind for the next time."""
        known = self._behind.pop(place, {})
        lost = await self._judge_all([record for record in records if record.offset not in known], known)
        ready: list[Judged] = []
        for record in records:
            why = await self._trouble(known.get(record.offset), lost)
            if why is not None:
                self._behind[place] = {offset: one for offset, one in known.items() if offset >= record.offset}
                return Answerable(ready, record.offset, why)
            ready.append(known[record.offset])
        return Answerable(ready)

    def forget(self, place: TopicPartition) -> None:
        """The partition is not ours any more."""
        self._behind.pop(place, None)

    async def _judge_all(self, records: list[InboxRecord], known: dict[int, Judged]) -> DecisionsLostError | None:
        """Each merchant's records in order, the merchants at the same time. Why some stay undecided, if so."""
        turns: dict[bytes | None, list[InboxRecord]] = {}
        for record in records:
            turns.setdefault(record.key, []).append(record)
        found = await asyncio.gather(*(self._turn(turn, known) for turn in turns.values()))
        return next((lost for lost in found if lost is not None), None)

    async def _turn(self, records: list[InboxRecord], known: dict[int, Judged]) -> DecisionsLostError | None:
        try:
            judged = await self._judge.judge(records)
        except DecisionsLostError as error:
            return error
        known.update((one.record.offset, one) for one in judged)
        return None

    async def _trouble(self, judged: Judged | None, lost: DecisionsLostError | None) -> Exception | None:
        """Why a record cannot be answered now, if so."""
        if judged is None:
            return lost
        try:
            await self._keep_dead(judged)
        except DeadLettersFullError as error:
            return error
        return None

    async def _keep_dead(self, judged: Judged) -> None:
        if judged.unreadable is None:
            return
        code, reason = judged.unreadable
        record = judged.record
        await self._dead_letters.keep(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            value=record.value,
            code=code,
            reason=reason,
            at=self._clock.now_ms(),
            headers=record.headers,
        )

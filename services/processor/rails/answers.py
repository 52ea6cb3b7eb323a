"""Answers on their way back to the log, collected for a moment so that one record carries many (DESIGN, "Chunks everywhere").

Owns grouping by merchant and batch, and keeping answers while the log is away: past KEPT_MAX no new call is made until some are safe. A
single payout's answer is a record of its own. Must not know what an answer means.
"""

import asyncio
from collections import defaultdict
from functools import partial

from runtime import failpoints
from runtime.clock import Clock
from runtime.event_log.producer import LogUnavailableError
from runtime.ids import mint
from runtime.logging import logger
from schemas.commands import CommandRecord, ProviderAnswer, RecordAnswers
from services.processor.ports import Commands

COLLECT_SECONDS = 0.02
RECORD_MAX = 500
KEPT_MAX = 4000
RETRY_SECONDS = 1.0

log = logger(__name__)

Group = tuple[str, str | None, str | None]
"""Merchant, batch, and the payout itself if it is a single one."""


class Answers:
    """Collects and appends. `room` is set while new calls may be made.

    Merchants do not wait for each other: where the log cannot take one's answers, only those are kept and tried again, in order.
    """

    def __init__(self, commands: Commands, clock: Clock, provider: str) -> None:
        """Empty."""
        self._commands, self._clock, self._provider = commands, clock, provider
        self._groups: dict[Group, list[ProviderAnswer]] = defaultdict(list)
        self._kept: dict[str, list[CommandRecord]] = {}
        self._appending: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        self._some = asyncio.Event()
        self.room = asyncio.Event()
        self.room.set()

    def put(self, merchant_id: str, batch_id: str | None, answer: ProviderAnswer) -> None:
        """Take one answer; it will reach the log unless this process dies first, and then the provider is asked again."""
        single = answer.payout_id if batch_id is None else None
        self._groups[merchant_id, batch_id, single].append(answer)
        self._count += 1
        self._some.set()
        if self._count >= KEPT_MAX:
            self.room.clear()

    async def run(self) -> None:
        """Append what is collected, for ever."""
        try:
            while True:
                await self._some.wait()
                await asyncio.sleep(COLLECT_SECONDS)
                self._start()
        finally:
            for task in self._appending.values():
                task.cancel()

    async def flush(self) -> None:
        """Append all that is here now; keeps trying while the log is away."""
        while self._groups or self._kept:
            self._start()
            await asyncio.wait(list(self._appending.values()))

    def _start(self) -> None:
        self._some.clear()
        groups, self._groups = self._groups, defaultdict(list)
        for group, answers in groups.items():
            self._kept.setdefault(group[0], []).extend(self._record(group, part) for part in _parts(answers))
        for merchant_id in self._kept:
            task = self._appending.get(merchant_id)
            if task is None or task.done():  # it may have ended in this very step, before anybody could be told
                task = self._appending[merchant_id] = asyncio.create_task(self._append(merchant_id))
                task.add_done_callback(partial(self._ended, merchant_id))

    def _ended(self, merchant_id: str, task: "asyncio.Task[None]") -> None:
        if self._appending.get(merchant_id) is task:
            del self._appending[merchant_id]

    async def _append(self, merchant_id: str) -> None:
        kept = self._kept[merchant_id]
        while kept:
            records = list(kept)
            await failpoints.reach("rails.before_record")
            try:
                await self._commands.append_many(records)
            except LogUnavailableError as error:
                log.warning("rails.answers_kept", records=len(kept), why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await failpoints.reach("rails.recorded")
                del kept[: len(records)]
                self._landed(records)
        del self._kept[merchant_id]

    def _landed(self, records: list[CommandRecord]) -> None:
        self._count -= sum(len(record.body.answers) for record in records if isinstance(record.body, RecordAnswers))
        if self._count < KEPT_MAX:
            self.room.set()

    def _record(self, group: Group, answers: list[ProviderAnswer]) -> CommandRecord:
        merchant_id, batch_id, _ = group
        body = RecordAnswers(provider=self._provider, answers=answers, batch_id=batch_id)
        return CommandRecord(id=mint(), merchant_id=merchant_id, at=self._clock.now_ms(), body=body, actor="rails")


def _parts(answers: list[ProviderAnswer]) -> list[list[ProviderAnswer]]:
    return [answers[start : start + RECORD_MAX] for start in range(0, len(answers), RECORD_MAX)]

"""Answers on their way back to the log, collected for a moment so that one record carries many (DESIGN, "Chunks everywhere").

Owns grouping by merchant and batch, and keeping answers while the log is away: then no new call is made until they are safe. A single
payout's answer is a record of its own. Must not know what an answer means.
"""

import asyncio
from collections import defaultdict

from runtime import failpoints
from runtime.clock import Clock
from runtime.event_log.producer import CommandLog, LogUnavailableError
from runtime.ids import mint
from runtime.logging import logger
from schemas.commands import CommandRecord, ProviderAnswer, RecordAnswers

COLLECT_SECONDS = 0.02
RECORD_MAX = 500
KEPT_MAX = 2000
RETRY_SECONDS = 1.0

log = logger(__name__)

Group = tuple[str, str | None, str | None]
"""Merchant, batch, and the payout itself if it is a single one."""


class Answers:
    """Collects and appends. `room` is set while new calls may be made."""

    def __init__(self, commands: CommandLog, clock: Clock, provider: str) -> None:
        """Empty."""
        self._commands, self._clock, self._provider = commands, clock, provider
        self._groups: dict[Group, list[ProviderAnswer]] = defaultdict(list)
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
        while True:
            await self._some.wait()
            await asyncio.sleep(COLLECT_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Append all that is here now; keeps trying while the log is away."""
        groups, self._groups, self._count = self._groups, defaultdict(list), 0
        self._some.clear()
        records = [self._record(group, part) for group, answers in groups.items() for part in _parts(answers)]
        while records:
            await failpoints.reach("rails.before_record")
            try:
                await self._commands.append_many(records)
                await failpoints.reach("rails.recorded")
            except LogUnavailableError as error:
                self.room.clear()
                log.warning("rails.answers_kept", records=len(records), why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                records = []
        self.room.set()

    def _record(self, group: Group, answers: list[ProviderAnswer]) -> CommandRecord:
        merchant_id, batch_id, _ = group
        body = RecordAnswers(provider=self._provider, answers=answers, batch_id=batch_id)
        return CommandRecord(id=mint(), merchant_id=merchant_id, at=self._clock.now_ms(), body=body, actor="rails")


def _parts(answers: list[ProviderAnswer]) -> list[list[ProviderAnswer]]:
    return [answers[start : start + RECORD_MAX] for start in range(0, len(answers), RECORD_MAX)]

"""The one place where rails' clients are built and joined."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import faust

from runtime import metrics
from runtime.clock import SystemClock
from runtime.event_log.producer import CommandLog
from runtime.event_log.reader import history
from schemas.topics import EVENTS
from services.processor.app import build
from services.processor.hint import Hint
from services.processor.rails.agents import build_rails
from services.processor.rails.answers import Answers
from services.processor.rails.calls import Calls
from services.processor.rails.line import GROUPS
from services.processor.rails.partition import PartitionRail, Tools
from services.processor.rails.settings import RailsSettings
from services.processor.rails.simulator_provider import SimulatorProvider
from services.processor.views import SqlProjection
from services.processor.wiring import ASK_SECONDS, pool, run_beside

GROUP = "payflow-rails"
QUEUE_FACTOR = 4
"""Attempts started for each call place: enough to keep calls busy, few enough that none times out in our own queue."""
GRACE_SECONDS = 8.0


@dataclass
class RailsApp:
    """The Faust app of rails and what belongs to it."""

    settings: RailsSettings
    app: faust.App = field(init=False)

    def __post_init__(self) -> None:
        """Build what can be built without a running loop."""
        settings = self.settings
        self._clock = SystemClock()
        self.app = build(GROUP, settings.kafka_bootstrap_servers)
        self._pool = pool(settings)
        self._commands = CommandLog(settings.kafka_bootstrap_servers, settings.kafka_partitions)
        self._rails = build_rails(self.app, self._rail)
        self._hint = Hint(
            self.app, EVENTS.name, self._clock, lambda: {p: r.next_offset for p, r in self._rails.open.items()}
        )
        self._tools: Tools | None = None
        self._calls: Calls | None = None
        self._answers: Answers | None = None
        run_beside(self.app, self._start, self._beside, self._stop)

    def _rail(self, partition: int, inbox: Any) -> PartitionRail:
        assert self._tools is not None
        return PartitionRail(partition, self._tools, inbox)

    async def _start(self) -> None:
        settings = self.settings
        metrics.serve(settings.rails_metrics_port, settings.metrics_host)
        await self._pool.open(wait=True, timeout=ASK_SECONDS)
        await self._commands.start()
        provider = SimulatorProvider(settings.simulator_url, settings.rails_concurrency)
        self._answers = Answers(self._commands, self._clock, provider.name)
        self._calls = Calls(provider, self._answers, self._clock, settings.rails_concurrency, settings.rails_bulk_max)
        open_max = max(settings.rails_concurrency * QUEUE_FACTOR, self._calls.line.group_max * GROUPS)
        self._tools = Tools(
            history=partial(history, settings.kafka_bootstrap_servers),
            clock=self._clock,
            projection=SqlProjection(self._pool),
            commands=self._commands,
            calls=self._calls,
            places=lambda: open_max - self._in_flight(),
        )

    def _in_flight(self) -> int:
        """Attempts asked for or open, over all partitions of this process."""
        return sum(rail.work.in_flight for rail in self._rails.open.values())

    async def _beside(self) -> None:
        assert self._answers is not None
        await asyncio.gather(self._hint.run(), self._answers.run(), self._measure())

    async def _measure(self) -> None:
        while True:
            metrics.ATTEMPTS_OPEN.set(self._in_flight())
            metrics.RAILS_WAITING.set(sum(rail.work.ready.count for rail in self._rails.open.values()))
            await asyncio.sleep(1)

    async def _stop(self) -> None:
        await self._rails.stop()
        if self._answers is not None and self._calls is not None:
            await asyncio.wait({asyncio.create_task(self._answers.flush())}, timeout=GRACE_SECONDS)
            await self._calls.provider.close()
        await asyncio.gather(self._commands.stop(), self._pool.close(), return_exceptions=True)

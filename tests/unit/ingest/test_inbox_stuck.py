"""An inbox that starts again and again without an answer is told to the operators (RUN-28, OBS-04)."""

import asyncio
import contextlib
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from runtime.clock import ManualClock
from services.ingest.inbox import worker
from services.ingest.inbox.worker import STUCK_SECONDS, UpstreamInbox


class Failing(UpstreamInbox):
    """Each start fails after `took` seconds of the clock."""

    took = STUCK_SECONDS / 2

    async def _consume(self) -> None:
        cast("ManualClock", self._clock).advance(int(self.took * 1000) + 1)
        raise ValueError("what no fetch can read")


def halted() -> float | None:
    return REGISTRY.get_sample_value("payflow_writer_halted", {"service": "ingest", "partition": "inbox-stuck"})


async def test_an_inbox_that_gets_nowhere_counts_as_halted_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float | None] = []

    async def pause(_seconds: float) -> None:
        seen.append(halted())
        if len(seen) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(worker.asyncio, "sleep", pause)
    inbox = Failing("nowhere", "stuck", cast("Any", None), cast("Any", None), ManualClock(0))
    with contextlib.suppress(asyncio.CancelledError):
        await inbox.run()
    assert seen == [0, 1, 1]

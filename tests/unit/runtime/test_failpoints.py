"""Failpoints do nothing unless armed, and are refused outside the profile `development` (SEC-19)."""

import os
import signal
import subprocess
import sys

import pytest

from runtime import failpoints
from runtime.settings import RefusedStartError, ServiceSettings, load


@pytest.fixture(autouse=True)
def _disarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_armed", {})
    monkeypatch.setattr(failpoints, "_reached", {})


@pytest.mark.parametrize("profile", ["test", "production"])
def test_a_start_with_failpoints_is_refused_outside_development(monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "processor.written:1:kill")
    monkeypatch.setenv("PAYFLOW_PROFILE", profile)
    with pytest.raises(RefusedStartError, match="for development"):
        load(ServiceSettings)


@pytest.mark.parametrize(
    "text", ["nowhere:1:kill", "processor.written:0:kill", "processor.written:1:burn", "processor.written"]
)
def test_a_failpoint_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, text)
    monkeypatch.setenv("PAYFLOW_PROFILE", "development")
    with pytest.raises(RefusedStartError, match="no failpoint"):
        load(ServiceSettings)


async def test_it_acts_on_the_nth_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "timers.due:2:raise")
    failpoints.arm("development")
    await failpoints.reach("timers.due")
    with pytest.raises(failpoints.FailpointError):
        await failpoints.reach("timers.due")
    await failpoints.reach("timers.due")


async def test_a_hook_sees_every_point() -> None:
    seen: list[str] = []

    async def watch(name: str) -> None:
        seen.append(name)

    failpoints.on_reach(watch)
    try:
        await failpoints.reach("feed.read")
    finally:
        failpoints.on_reach(None)
    await failpoints.reach("feed.read")
    assert seen == ["feed.read"]


def test_kill_ends_the_process_at_once() -> None:
    program = "import asyncio; from runtime import failpoints as f; f.arm('development'); asyncio.run(f.reach('timers.due')); print('alive')"
    environment = {**os.environ, failpoints.VARIABLE: "timers.due:1:kill"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == b""


def test_every_kill_point_of_the_catalogue_has_a_place() -> None:
    assert sorted(failpoints.NAMES.values(), key=lambda point: int(point[1:])) == [f"K{n}" for n in range(1, 28)]

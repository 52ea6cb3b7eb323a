"""What died is started again on a time of its own, later and later, and one that always crashes delays nobody."""

import subprocess
import threading
import time
from typing import cast

from payflow.supervisor import CALM_SECONDS, LOOK_SECONDS, RESTART_SECONDS, Child, Supervisor


class Process:
    """As much of a process as the supervisor looks at."""

    def __init__(self) -> None:
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode


class Scene:
    """Children that the test kills, on a clock that the test moves."""

    def __init__(self, *names: str) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.launched: list[tuple[str, float]] = []
        self.refused: set[str] = set()
        self.children: dict[str, Child] = {}
        for name in names:
            self._put(name, 0)
        self.supervisor = Supervisor(lambda: self.children, self._launch, self.said.append)

    def _put(self, name: str, deaths: int) -> None:
        self.children[name] = Child(name, cast("subprocess.Popen[bytes]", Process()), self.now, deaths)

    def _launch(self, name: str) -> None:
        if name in self.refused:
            raise RuntimeError("no Java")
        self.launched.append((name, self.now))
        self._put(name, self.children[name].deaths)

    def kill(self, name: str) -> None:
        cast("Process", self.children[name].process).returncode = -9

    def look_until(self, end: float, *, killing: str = "") -> None:
        while self.now < end:
            self.now = round(self.now + 0.1, 3)
            if killing:
                self.kill(killing)
            self.supervisor.look(self.now)


def test_a_dead_child_is_named_and_started_again() -> None:
    scene = Scene("kafka", "gateway")
    scene.kill("kafka")
    scene.look_until(2)
    assert scene.said == ["kafka ended (exit code -9); starting it again in 0.5 s"]
    assert [name for name, _ in scene.launched] == ["kafka"]
    assert scene.children["kafka"].process.poll() is None


def test_one_that_always_crashes_delays_no_other() -> None:
    scene = Scene("rails", "gateway")
    scene.look_until(30, killing="rails")
    scene.launched.clear()
    died_at = scene.now
    scene.kill("gateway")
    scene.look_until(died_at + 1, killing="rails")
    at = [when for name, when in scene.launched if name == "gateway"]
    assert len(at) == 1
    assert at[0] - died_at < RESTART_SECONDS[0] + 0.3


def test_pauses_grow_while_it_keeps_dying() -> None:
    scene = Scene("rails")
    scene.look_until(45, killing="rails")
    times = [when for _, when in scene.launched]
    gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    wanted = (*RESTART_SECONDS, RESTART_SECONDS[-1])
    assert all(pause <= gap < pause + 0.35 for gap, pause in zip(gaps, wanted, strict=False)), gaps


def test_a_long_life_ends_the_growing() -> None:
    scene = Scene("rails")
    scene.look_until(20, killing="rails")
    scene.now += CALM_SECONDS + 1 + RESTART_SECONDS[-1]
    scene.supervisor.look(scene.now)
    scene.now += CALM_SECONDS + 1
    scene.kill("rails")
    scene.supervisor.look(scene.now)
    assert scene.said[-1].endswith("in 0.5 s")


def test_one_that_cannot_be_started_is_tried_again_and_the_others_are_still_watched() -> None:
    scene = Scene("kafka", "gateway")
    scene.refused.add("kafka")
    scene.kill("kafka")
    scene.look_until(1)
    scene.kill("gateway")
    scene.look_until(2)
    assert [name for name, _ in scene.launched] == ["gateway"]
    assert any("kafka cannot be started (no Java)" in line for line in scene.said)
    scene.refused.clear()
    scene.look_until(6)
    assert "kafka" in [name for name, _ in scene.launched]


def test_nothing_is_started_once_it_rests_and_its_thread_outlives_the_children() -> None:
    """What a thread started gets SIGTERM when that thread ends (processes.start): it must not end before release()."""
    scene = Scene("kafka")
    scene.supervisor.start()
    scene.supervisor.rest()
    scene.kill("kafka")
    time.sleep(LOOK_SECONDS * 2)
    assert scene.launched == []
    assert scene.said == []
    assert _alive(scene.supervisor)
    scene.supervisor.release()
    assert not _alive(scene.supervisor)


def test_a_listener_that_went_away_does_not_end_the_watch() -> None:
    def closed(_: str) -> None:
        raise BrokenPipeError

    scene = Scene("kafka")
    scene.supervisor = Supervisor(lambda: scene.children, scene._launch, closed)
    scene.kill("kafka")
    scene.look_until(2)
    assert [name for name, _ in scene.launched] == ["kafka"]


def _alive(supervisor: Supervisor) -> bool:
    return supervisor._thread in threading.enumerate()

"""Seeds run clean, and the same seed runs the same."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.__main__ import ENOUGH_SEEDS, Total
from tests.simulation.faults import POINTS
from tests.simulation.run import run_seed

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 31)


@pytest.mark.parametrize("mode", ["safety", "liveness"])
def test_seeds_hold(mode: str) -> None:
    for seed in SEEDS:
        report = run_seed(seed, mode)
        assert report.ok, f"python -m tests.simulation --seed {seed} --mode {mode}: {report.violations[:3]}"


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    first, second, other = run_seed(7), run_seed(7), run_seed(8)
    assert (first.digest, first.steps, first.seconds) == (second.digest, second.steps, second.seconds)
    assert first.digest != other.digest


def test_another_process_replays_the_same_bytes() -> None:
    """Another hash seed, another memory layout, the same run."""
    told = {_hash_of("1"), _hash_of("2")}
    assert len(told) == 1


def _hash_of(hash_seed: str) -> str:
    code = (
        "from tests.simulation.run import run_seed, silence\nwith silence(): print('hash', run_seed(11).digest, flush=True)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return next(line for line in done.stdout.splitlines() if line.startswith("hash"))


def test_seeds_meet_what_they_are_for() -> None:
    """A generator that stops killing, losing or repeating would find nothing and look fine."""
    met: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    for seed in range(100, 160):
        report = run_seed(seed)
        met, reached, struck = met + report.met, reached + report.reached, struck + report.struck
    wanted = {f"killed.{kind}" for kind in ("ingest", "processor", "rails", "projector", "gateway")}
    wanted |= {"log.reply_lost", "log.request_lost", "log.late", "away.store", "poison", "own_repeated", "time_jump"}
    wanted |= {"day_jump", "key_renewed", "edited", "read.200", "read.202", "paid_after_failed"}
    assert wanted - set(met) == set()
    assert set(POINTS) - set(reached) == set()
    assert sum(struck.values()) >= 20


def test_a_long_run_that_never_struck_a_kill_point_fails() -> None:
    total = Total()
    total.struck = Counter(POINTS[1:])
    assert total.never_struck() == []
    total.seeds = ENOUGH_SEEDS
    assert total.never_struck() == [POINTS[0]]

"""A fault that lacks a payout state is done again, and only while payouts stand in that state."""

import asyncio
import random
from typing import Any, cast

import pytest

from tests.faults import arrears, quiet
from tests.faults.account import STATES, Account
from tests.faults.cluster import Cluster
from tests.faults.kill_points import KillPoints
from tests.faults.levels import CI, NIGHTLY, Level

EVERY = dict.fromkeys(STATES, 1)


def _account(level: Level) -> Account:
    account = Account(level, KillPoints(0, random.Random(1)))
    account.did("refuse", {**EVERY, "canceled": 0})
    account.did("cut", EVERY)
    return account


def _play(monkeypatch: pytest.MonkeyPatch, level: Level, seen: list[dict[str, int]]) -> list[tuple[str, dict[str, int]]]:
    """The faults that were done, and the states that stood then; `seen` is looked at one after the other."""
    account, done = _account(level), []
    now: dict[str, int] = {}

    def look(_: object) -> dict[str, int]:
        now.clear()
        now.update(seen.pop(0))
        return now

    async def do(name: str) -> bool:
        done.append((name, dict(now)))
        account.did(name, now)
        return True

    async def no_time(_: float) -> None:
        return None

    monkeypatch.setattr(quiet, "states", look)
    monkeypatch.setattr(cast("Any", arrears).asyncio, "sleep", no_time)
    asyncio.run(arrears.until_covered(level, account, cast("Cluster", None), do))
    return done


def test_a_fault_waits_for_the_state_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    done = _play(monkeypatch, NIGHTLY, [{"completed": 4}, {}, {"canceled": 1}])
    assert done == [("refuse", {"canceled": 1})]


def test_a_level_that_promises_no_coverage_does_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _play(monkeypatch, CI, []) == []

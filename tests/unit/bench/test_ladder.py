"""The ladder's rungs: what each adds, and what the mini pipeline does for it."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bench import ladder
from bench.baseline.provider import Order, pay, pay_many
from bench.mini import wire
from bench.mini.history import History
from bench.mini.projector import Poll
from bench.mini.promises import NONE, PROMISES, Promises
from bench.mini.rails import Function, Rails
from bench.mini.worker import Balances
from bench.rows_file import Row
from services.simulator.app import Provider
from services.simulator.books import Books
from services.simulator.scenario import PRESETS

ROW = ["00000000-0000-7000-8000-000000000001", 1, "+256770000001", 1000, "UGX", "r-1", "Payee 1"]


def test_each_rung_has_one_promise_more() -> None:
    found = list(ladder.rungs().values())
    assert [len(promises) for promises in found] == list(range(len(PROMISES) + 1))
    assert all(lower < higher for lower, higher in itertools.pairwise(found))


def test_promises_travel_on_a_command_line() -> None:
    assert all(Promises.read(str(promises)) == promises for promises in ladder.rungs().values())
    assert str(Promises()) == NONE
    with pytest.raises(ValueError, match="beauty"):
        Promises.read("history,beauty")


class _Producer:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, _topic: str, value: bytes, **_more: object) -> "asyncio.Future[None]":
        self.sent.append(wire.decode(value))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


@pytest.mark.parametrize(("promised", "kinds"), [("-", ["paid"]), ("attempts", ["starting", "paid"])])
async def test_an_attempt_stands_on_the_log_before_its_call(promised: str, kinds: list[str]) -> None:
    producer, balances, poll = _Producer(), Balances(), Poll(Promises.read(promised))
    rails = Rails(producer, "t", Function(), Promises.read(promised))  # type: ignore[arg-type]
    asked = wire.encode("asked", "m", "b", [ROW])
    for place in range(len(kinds)):
        event = wire.decode(balances.decide(wire.decode(asked)))
        poll.add(event, 0, place)
        await rails.follow(event, b"m", 0)
        asked = wire.encode(**producer.sent[-1])
    assert [one["kind"] for one in producer.sent] == kinds
    assert list(poll.started) == ([ROW[0]] if promised == "attempts" else [])
    assert wire.decode(balances.decide(wire.decode(asked)))["kind"] == "completed"
    assert balances.held["m"] == 0


def test_history_has_a_line_for_each_change() -> None:
    history, balances = History(), Balances()
    for kind, rows in (("asked", [ROW]), ("starting", [ROW[0]]), ("paid", [(ROW[0], "p-1")])):
        history.add(wire.decode(balances.decide(wire.decode(wire.encode(kind, "m", "b", rows)))), 3, 7)
    cells = [line.split("\t") for line in history.lines().splitlines()]
    assert [(one[3], one[6], one[7], one[8]) for one in cells] == [
        (ROW[0], "1", "pending", "\\N"),
        (ROW[0], "2", "processing", "\\N"),
        (ROW[0], "3", "completed", "p-1"),
    ]


def test_the_rivals_pay_by_a_function_unless_they_are_given_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASELINE_PROVIDER", raising=False)
    order = Order("an-id", Row(1, "+256770000001", 1000, "UGX", "r-1", "Payee 1"))
    assert pay(order) == "p-an-id"
    assert pay_many([order, order]) == ["p-an-id"] * 2


async def test_the_rivals_pay_at_the_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(tmp_path)
    async with TestServer(Provider(books, PRESETS["perfect"]).app()) as server:
        monkeypatch.setenv("BASELINE_PROVIDER", str(server.make_url("")).rstrip("/"))
        row = Row(1, "+256770000001", 1000, "UGX", "r-1", "Payee 1")
        assert (await asyncio.to_thread(pay, Order("one", row))).startswith("SIM-")
        told = await asyncio.to_thread(pay_many, [Order("two", row), Order("three", row)])
        magic = Order("four", row._replace(msisdn="+256700000001"))
        with pytest.raises(RuntimeError, match="did not pay"):
            await asyncio.to_thread(pay, magic)
    assert told == ["SIM-TWO", "SIM-THREE"]
    assert {one.reference for one in books.find_many(["one", "two", "three"]).values()} == {"one", "two", "three"}
    books.close()

"""Lanes: one endpoint's trouble is its own (WHK-05), and what follows from a try (WHK-02)."""

import asyncio
import contextlib
from typing import Any

import pytest
from prometheus_client import REGISTRY

from domain.webhooks.payload import Letter, State
from domain.webhooks.schedule import DAY, HOUR, SECOND, TRIES_MAX
from domain.webhooks.signing import secret_of
from runtime.clock import SystemClock
from services.webhooks.dispatcher import CROWDED, FAILURES_MANY, Dispatcher, result_of
from services.webhooks.queue import Endpoint, Result, Taken
from services.webhooks.results import Results
from services.webhooks.sender import SOCKETS_MAX, Outcome

SECRET = secret_of(bytes(32))
NOW = 1_767_225_600_000


def letter(name: str, tries: int = 0) -> Letter:
    return Letter(
        id=name,
        merchant_id="acme",
        subject=f"payout:{name}",
        kind="payout.completed.v1",
        version=1,
        order=1,
        at=NOW,
        own={},
        tries=tries,
    )


def outcome(code: int | None, wait: int | None = None) -> Outcome:
    return Outcome(at=NOW, duration_ms=1, code=code, error=None if code == 200 else "no", retry_after_ms=wait)


class MemoryQueue:
    """What a dispatcher asks of services.webhooks.queue.Queue; `due` maps an endpoint to the letters that wait."""

    def __init__(self, **due: list[Letter]) -> None:
        self.due = due
        self.put_off_ids: list[str] = []
        self.most_at_once: dict[str, int] = {}
        self.looks = 0

    async def endpoints_due(self, now: int) -> list[Endpoint]:
        return [Endpoint(name, "acme", f"http://{name}/") for name, letters in self.due.items() if letters]

    async def take(self, endpoint_id: str, claim: str, now: int, *, limit: int, lease_ms: int) -> Taken:
        self.looks += 1
        taken, self.due[endpoint_id] = self.due[endpoint_id][:limit], self.due[endpoint_id][limit:]
        self.most_at_once[endpoint_id] = max(self.most_at_once.get(endpoint_id, 0), limit)
        return Taken(letters=taken, claim=claim, url=f"http://{endpoint_id}/", secrets=[SECRET], looked_at=len(taken))

    async def put_off(self, ids: list[str], claim: str, due_at: int) -> None:
        self.put_off_ids += ids


class Ground:
    """A dispatcher whose sender does what `send` says, by address."""

    def __init__(self, queue: MemoryQueue, send: Any, unseen: frozenset[str] = frozenset(), *, at_once: int = 4) -> None:
        self.kept: list[Result] = []
        self.under_way: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self._send, self._unseen = send, unseen
        part: Any = self
        self.dispatcher = Dispatcher(queue, part, part, part, SystemClock(), per_endpoint=at_once, seconds=15)  # type: ignore[arg-type]

    async def states(self, letters: list[Letter]) -> dict[str, State | None]:
        seen = State(facts={}, current={}, version=1, moved_on=False)
        return {one.id: None if one.id in self._unseen else seen for one in letters}

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        self.under_way[url] = self.under_way.get(url, 0) + 1
        self.most[url] = max(self.most.get(url, 0), self.under_way[url])
        try:
            return await self._send(url)
        finally:
            self.under_way[url] -= 1

    async def keep(self, result: Result) -> None:
        self.kept.append(result)

    @contextlib.asynccontextmanager
    async def running(self) -> Any:
        task = asyncio.create_task(self.dispatcher.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(holds: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def test_whk_05_an_endpoint_that_hangs_delays_no_other_and_keeps_to_its_bound() -> None:
    queue = MemoryQueue(dead=[letter(f"d{n}") for n in range(50)], alive=[letter(f"a{n}") for n in range(300)])

    async def send(url: str) -> Outcome:
        if "dead" in url:
            await asyncio.sleep(3600)
        return outcome(200)

    ground = Ground(queue, send)
    async with ground.running():
        await until(lambda: len(ground.kept) == 300)
        assert ground.most["http://dead/"] == 4
        assert len(queue.due["dead"]) == 46, "what cannot be sent now stays in SQL"
        ground.dispatcher.stopping = True
        for lane in ground.dispatcher._lanes.values():
            lane.cancel()


async def test_the_queue_is_asked_for_many_at_a_time() -> None:
    """A look costs a transaction: one for each delivery would be most of what a delivery costs."""
    queue, sent = MemoryQueue(e=[letter(f"x{n}") for n in range(320)]), 0

    async def send(_url: str) -> Outcome:
        nonlocal sent
        sent += 1
        await asyncio.sleep(0.002 + 0.001 * (sent % 7))
        return outcome(200)

    ground = Ground(queue, send, at_once=16)
    async with ground.running():
        await until(lambda: len(ground.kept) == 320)
    assert ground.most["http://e/"] == 16
    assert queue.looks <= 320 / 8 + 10


async def test_whk_05_endpoints_that_hang_however_many_leave_room_for_the_others() -> None:
    dead = {f"dead{n}": [letter(f"d{n}-{at}") for at in range(20)] for n in range(100)}
    queue = MemoryQueue(**dead, alive=[letter(f"a{n}") for n in range(300)])
    hanging, all_of_them = asyncio.Event(), 0

    async def send(url: str) -> Outcome:
        nonlocal all_of_them
        all_of_them = max(all_of_them, sum(ground.under_way.values()))
        if "dead" in url:
            await hanging.wait()
        return outcome(200)

    ground = Ground(queue, send, at_once=16)
    async with ground.running():
        await until(lambda: sum("a" in one.delivery_id for one in ground.kept) == 300)
        assert CROWDED <= all_of_them < SOCKETS_MAX - 16
        hanging.set()
        await until(lambda: len(ground.kept) == 300 + 100 * 20)
    assert ground.dispatcher.sending == 0


async def test_slow_tries_do_not_hold_back_the_room_beside_them() -> None:
    queue, slow = MemoryQueue(e=[letter(f"x{n}") for n in range(40)]), asyncio.Event()
    begun = 0

    async def send(_url: str) -> Outcome:
        nonlocal begun
        begun += 1
        if begun <= 12:
            await slow.wait()
        return outcome(200)

    ground = Ground(queue, send, at_once=16)
    async with ground.running():
        await until(lambda: len(ground.kept) == 28)
        slow.set()
        await until(lambda: len(ground.kept) == 40)


async def test_an_endpoint_that_fails_again_and_again_is_tried_one_at_a_time_until_it_answers() -> None:
    queue = MemoryQueue(e=[letter(f"x{n}") for n in range(60)])
    beside: list[int] = []

    async def send(url: str) -> Outcome:
        beside.append(ground.under_way[url])
        code = 500 if len(beside) <= 20 else 200
        await asyncio.sleep(0.001)
        return outcome(code)

    ground = Ground(queue, send)
    async with ground.running():
        await until(lambda: len(ground.kept) == 60)
    assert max(beside[:4]) == 4
    assert set(beside[FAILURES_MANY + 4 : 20]) == {1}
    assert max(beside[25:]) == 4, "after one success it has its bound again"


async def test_what_the_views_do_not_have_yet_is_given_back_untried() -> None:
    queue = MemoryQueue(e=[letter("early"), letter("there")])

    async def send(_url: str) -> Outcome:
        return outcome(200)

    ground = Ground(queue, send, unseen=frozenset({"early"}))
    async with ground.running():
        await until(lambda: len(ground.kept) == 1)
    assert queue.put_off_ids == ["early"]
    assert ground.kept[0].delivery_id == "there"


async def test_what_is_under_way_at_the_end_may_end() -> None:
    queue, began = MemoryQueue(e=[letter("last")]), asyncio.Event()

    async def send(_url: str) -> Outcome:
        began.set()
        await asyncio.sleep(0.2)
        return outcome(200)

    ground = Ground(queue, send)
    async with ground.running():
        await began.wait()
    assert [result.status for result in ground.kept] == ["delivered"]


@pytest.mark.parametrize(
    ("code", "tries", "status"),
    [
        (200, 0, "delivered"),
        (500, 0, "pending"),
        (None, 3, "pending"),
        (302, 0, "pending"),
        (500, TRIES_MAX - 1, "failed"),
        (410, 0, "failed"),
    ],
)
def test_whk_02_what_follows_from_a_try(code: int | None, tries: int, status: str) -> None:
    result = result_of(letter("x", tries), "e", "c", outcome(code), NOW)
    assert (result.status, result.good, result.gone) == (status, code == 200, code == 410)
    assert (result.finished_at is None) is (status == "pending")


def test_whk_02_the_receivers_wish_moves_the_next_try() -> None:
    assert result_of(letter("x"), "e", "c", outcome(503, 2 * HOUR), NOW).due_at == NOW + 2 * HOUR
    assert result_of(letter("x"), "e", "c", outcome(503, 9 * DAY), NOW).due_at == NOW + DAY
    assert 5 * SECOND <= result_of(letter("x"), "e", "c", outcome(503), NOW).due_at - NOW <= 5.5 * SECOND


def test_whk_02_the_first_endpoint_that_is_disabled_already_raises_the_alert() -> None:
    """`increase()` of a counter that was not there before sees nothing."""
    Results(Any, SystemClock())
    for why in ("failing", "gone"):
        assert REGISTRY.get_sample_value("payflow_webhooks_disabled_total", {"why": why}) is not None

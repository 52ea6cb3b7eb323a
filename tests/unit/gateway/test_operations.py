"""The operation as a whole: REST and the channels `providers` and `ops` say the same (LIV-02, LIV-03)."""

import asyncio

import orjson
import pytest

from services.gateway.live import overview as overview_module
from services.gateway.live.client import Client
from services.gateway.live.cursor import Cursor
from services.gateway.live.subscription import Subscription
from tests.unit.gateway.front import Admin, Front, Row
from tests.unit.gateway.lines import MemoryLine


def unfinished(status: str, count: int, **given: object) -> Row:
    """A row of Store.unfinished."""
    plain = {"provider": "simulator", "reason": None, "currency": "USD", "amount_minor": str(count * 100), "oldest_at": 5000}
    return {"status": status, "count": count, **plain, **given}


@pytest.fixture
def busy(front: Front) -> Front:
    """A gateway with work under way."""
    front.store.unfinished_held = [
        unfinished("pending", 4, provider=None, reason="funds"),
        unfinished("processing", 3),
        unfinished("processing", 2, reason="retry", oldest_at=1000),
        unfinished("requires_action", 1, reason="outcome_unknown", currency="EUR"),
    ]
    front.store.cleared_held = [
        {"account": "clearing:simulator", "currency": "USD", "amount_minor": "12300"},
        {"account": "clearing:old", "currency": "USD", "amount_minor": "1"},
    ]
    return front


async def test_providers_and_what_each_has_under_way(busy: Front) -> None:
    answer = (await busy.get("/api/v1/providers/")).json()
    old, simulator = answer["results"]
    assert (old["provider"], old["processing"], old["in_flight"]) == ("old", 0, [])
    assert {name: simulator[name] for name in ("processing", "retry", "in_progress", "unknown")} == {
        "processing": 5,
        "retry": 2,
        "in_progress": 0,
        "unknown": 1,
    }
    assert [(sum_["currency"], sum_["amount"], sum_["count"]) for sum_ in simulator["in_flight"]] == [
        ("EUR", "1.00", 1),
        ("USD", "5.00", 5),
    ]
    assert simulator["cleared"] == [{"amount": "123.00", "amount_minor": 12300, "currency": "USD"}]
    assert simulator["oldest_processing_at"] == "1970-01-01T00:00:01.000Z"
    assert answer["count"] == 2


async def test_the_operation_by_state_and_by_why_it_waits(busy: Front) -> None:
    answer = (await busy.get("/api/v1/operations/")).json()
    assert answer["counts"] == {"pending": 4, "processing": 5, "requires_action": 1}
    assert answer["waits"] == {"funds": 4, "outcome_unknown": 1, "retry": 2}
    assert [sum_["amount"] for sum_ in answer["in_flight"]] == ["1.00", "5.00"]
    assert [sum_["amount"] for sum_ in answer["waiting"]] == ["4.00"]


@pytest.mark.parametrize("path", ["/api/v1/providers/", "/api/v1/operations/"])
async def test_sec_04_some_merchants_are_not_all(closed: Front, admin: Admin, path: str) -> None:
    of_one, of_all = admin.key("operations:read"), admin.key("operations:read", merchants=["*"])
    assert (await closed.get(path, Authorization=f"Bearer {of_one}")).status_code == 403
    assert (await closed.get(path, Authorization=f"Bearer {of_all}")).status_code == 200
    assert (await closed.get(path + "?colour=red", Authorization=f"Bearer {of_all}")).status_code == 400


async def test_liv_03_a_channel_tells_what_rest_answers_once_for_all_and_only_when_it_changed(
    busy: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview_module, "PAUSE_SECONDS", 0.02)
    lines = [MemoryLine(), MemoryLine()]
    followers = [Subscription("providers", "providers", "*", "*", Cursor(0, 0)) for _ in lines]
    for line, subscription in zip(lines, followers, strict=True):
        await busy.overview.join(Client(line.hang_up, line), subscription)
    await asyncio.sleep(0.1)
    assert [len(line.taken) for line in lines] == [1, 1]
    told = orjson.loads(lines[0].taken[0].payload)
    rest = (await busy.get("/api/v1/providers/")).json()
    assert told["providers"] == {name: rest[name] for name in ("count", "results")}
    busy.store.unfinished_held = []
    await asyncio.sleep(0.1)
    assert lines[0].taken[1] is lines[1].taken[1], "made once"
    assert orjson.loads(lines[0].taken[1].payload)["providers"]["results"][1]["processing"] == 0
    for subscription in followers:
        busy.overview.leave(subscription)
    await asyncio.sleep(0.1)
    task = busy.overview._task
    assert task is not None
    assert task.done(), "nothing is read for nobody"

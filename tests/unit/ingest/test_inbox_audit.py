"""Refused records of an upstream are in the audit trail before they are answered (INB-02, AUD-01)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from domain.access.principal import decode
from runtime.inner_door import SECRET_HEADER
from services.ingest.inbox import audit
from services.ingest.inbox.audit import AuditTrail
from services.ingest.inbox.judge import InboxJudge
from tests.unit.ingest.conftest import GOOD, Ingest

TOPIC = "payouts.inbox.erp"


class Trail:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def refused(self, *told: str) -> None:
        await self.open.wait()
        self.told.append(told)  # type: ignore[arg-type]


def record(offset: int, key: bytes | None = b"demo", data: dict[str, Any] | None = None, **headers: str) -> Any:
    value = {"type": "request_payout", "idempotency_key": f"k{offset}", "data": {**GOOD, **(data or {})}}
    named = [(name.replace("_", "-"), text.encode()) for name, text in headers.items()]
    given = {"topic": TOPIC, "partition": 3, "offset": offset, "timestamp": 1, "key": key, "headers": named}
    return SimpleNamespace(**given, value=msgspec.json.encode(value))


def judge(ingest: Ingest, trail: Any) -> InboxJudge:
    return InboxJudge(ingest.edge, "erp", frozenset({"demo"}), trail)


@pytest.mark.parametrize(
    ("asked", "merchant"),
    [
        (record(1, b"other"), "other"),
        (record(1, b"other", X_Merchant_Id="demo"), "other"),
        (record(1, None), ""),
        (record(1, b"NO\xff"), "NO\ufffd"),
        (record(1, b"demo", {"merchant_id": "other"}), "other"),
        (record(1, b"demo", {"merchant_id": {"a": 1}}), "{'a': 1}"),
        (record(1, b"demo", {"rows": [GOOD, {**GOOD, "merchant_id": "other"}]}), "other"),
    ],
)
async def test_a_record_naming_another_merchant_is_refused_and_audited__INB_02(
    ingest: Ingest, asked: Any, merchant: str
) -> None:
    trail, before = Trail(), len(ingest.log.commands)
    [judged] = await judge(ingest, trail).judge([asked])
    assert (judged.reply.result, judged.reply.code) == ("refused", "forbidden")
    [(upstream, place, named, reason)] = trail.told
    assert (upstream, place, named) == ("erp", f"{TOPIC}/3/1", merchant)
    assert "another merchant" in reason or "not this upstream's" in reason
    assert len(ingest.log.commands) == before


async def test_a_good_record_is_no_matter_of_the_trail__INB_02(ingest: Ingest) -> None:
    trail = Trail()
    [judged] = await judge(ingest, trail).judge([record(1, b"demo", {"merchant_id": "demo"})])
    assert (judged.reply.result, trail.told) == ("accepted", [])


async def test_nothing_is_refused_in_silence_while_the_trail_is_away__INB_02(ingest: Ingest) -> None:
    trail = Trail()
    trail.open.clear()
    judging = asyncio.create_task(judge(ingest, trail).judge([record(1, b"other")]))
    await asyncio.sleep(0.02)
    assert not judging.done()
    trail.open.set()
    [judged] = await judging
    assert (judged.reply.code, len(trail.told)) == ("forbidden", 1)


async def test_the_trail_is_asked_through_its_inner_door_until_it_has_the_row__INB_02(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "RETRY_SECONDS", 0.001)
    told: list[tuple[str | None, dict[str, Any]]] = []
    statuses = [503, 500, 204]

    async def write_down(request: web.Request) -> web.Response:
        told.append((request.headers.get(SECRET_HEADER), await request.json()))
        return web.Response(status=statuses.pop(0))

    app = web.Application()
    app.add_routes([web.post("/internal/audit", write_down)])
    async with TestServer(app) as server:
        trail = AuditTrail(str(server.make_url("/")), "secret")
        await trail.open()
        await trail.refused("erp", f"{TOPIC}/3/1", "other", "why")
        await trail.close()
    assert [secret for secret, _ in told] == ["secret"] * 3
    body = told[-1][1]
    assert decode(body.pop("principal")).actor == "inbox:erp"
    assert body == {
        "action": "inbox.foreign_merchant",
        "subject": f"{TOPIC}/3/1",
        "merchant": "other",
        "reason": "why",
        "outcome": "refused",
    }


@pytest.mark.parametrize("named", ["NO!", "", "x" * 65, "{'a': 1}"])
async def test_what_cannot_be_a_merchant_is_not_written_down_as_one__SEC_08(named: str) -> None:
    """What somebody puts into a record's key may be anything, a payee's number too."""
    told: list[dict[str, Any]] = []
    trail = AuditTrail("http://nowhere", None)

    async def tell(body: bytes) -> None:
        told.append(msgspec.json.decode(body))

    trail._tell = tell  # type: ignore[method-assign, assignment]
    await trail.refused("erp", "place", named, "why")
    assert told[0]["merchant"] == ""

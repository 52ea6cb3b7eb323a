"""The service as a process: real Kafka, real Postgres, real receivers; killed, cut off, shared by two (WHK-01 to WHK-05)."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from domain.webhooks.notice import Notice
from domain.webhooks.tally import Tally, fold
from domain.webhooks.telling import tell
from tests.integration.own_log import OwnLog
from tests.integration.projector.test_consumer import log_writer
from tests.integration.webhooks.service import Inbox, Service, dropping, serving, until
from tests.support.event_story import EventStory, _step
from tests.support.receiver import receiving

MERCHANT = "acme"


async def told_story(
    service: Service, write: Any, make: Any, steps: int = 40, seed: int = 7
) -> tuple[EventStory, list[Any]]:
    """Open the merchant, let `make` make endpoints, then tell a story; returns it with the records that endpoints are told."""
    story = EventStory(seed)
    story.now = int(time.time() * 1000)
    story.open(MERCHANT, 500_000)
    story.credit(MERCHANT, 200_000, "EUR")
    await write(story.records)
    await until(lambda: bool(service.views.rows("SELECT 1 FROM merchants WHERE id = %s", MERCHANT)))
    before = len(story.records)
    await make()
    story.now = int(time.time() * 1000) + 1_000
    for _ in range(steps):
        _step(story, MERCHANT)
    return story, story.records[before:]


def expected(records: list[Any], all_records: list[Any]) -> set[tuple[str, str, int]]:
    """(subject, type, version) of all that must be told; balances are told as they stand, so they are left out."""
    tallies: dict[str, Tally] = {}
    found: set[tuple[str, str, int]] = set()
    wanted = {offset for offset, _ in records}
    for offset, record in all_records:
        for part in tell(offset, record):
            notices = [part] if isinstance(part, Notice) else None
            if notices is None:
                tallies[part.batch_id], notices = fold(tallies.get(part.batch_id), part)  # type: ignore[union-attr]
            if offset in wanted:
                found |= {(one.subject, one.kind, one.version) for one in notices if not one.subject.startswith("balance")}
    return found


def received(inbox: Inbox) -> set[tuple[str, str, int]]:
    found = set()
    for sent in inbox.first.values():
        what = sent["type"].partition(".")[0]
        if what != "balance":
            found.add((f"{what}:{sent['data'][what]['id']}", sent["type"], sent["data"]["version"]))
    return found


def settled(service: Service) -> bool:
    [row] = service.rows(
        "SELECT count(*) FILTER (WHERE status = 'pending') AS pending, count(*) AS made FROM {w}.deliveries"
    )
    return bool(row["pending"] == 0 and row["made"] > 0)


def rate(service: Service) -> str:
    return str(service.rows("SELECT status, count(*), max(attempts), min(last_error) FROM {w}.deliveries GROUP BY 1"))


async def test_deliveries_survive_kills_and_a_proxy_that_drops_every_third(
    kafka: OwnLog, database: str, tmp_path: Path
) -> None:
    """WHK-02, WHK-03: kill -9 at three points and in the middle; at least once, stable ids, in order per payout, all verified."""
    inbox = Inbox()
    with serving(kafka, database, tmp_path) as service:
        async with receiving(inbox) as receiver, dropping(receiver) as (url, dropped), log_writer(kafka) as write:
            process = service.start("services.webhooks")

            async def make() -> None:
                made = await service.ask("POST", "/webhooks", {"url": url})
                inbox.secrets = [made["secret"]]

            story, records = await told_story(service, write, make)
            process.send_signal(signal.SIGKILL)
            process.wait()
            await write(records)
            for points in ("webhooks.before_commit:1:kill", "webhooks.committed:2:kill", "webhooks.sent:5:kill"):
                process = service.start("services.webhooks", PAYFLOW_FAILPOINTS=points)
                await asyncio.to_thread(process.wait, 60)
                assert process.returncode == -signal.SIGKILL, points
            process = service.start("services.webhooks")
            await until(lambda: len(inbox.first) > 30, what=lambda: rate(service))
            process.send_signal(signal.SIGKILL)
            process.wait()
            service.start("services.webhooks")
            want = expected(records, story.records)
            await until(
                lambda: settled(service) and received(inbox) >= want, 120, lambda: (rate(service), want - received(inbox))
            )
    assert received(inbox) == want
    for subject, orders in inbox.lanes().items():
        assert orders == sorted(orders), f"{subject} came in another order"
    assert len(dropped) > 10
    assert max(inbox.sizes) < 20_000
    late = [sent for name, sent in inbox.first.items() if name in dropped]
    assert late
    text = repr(list(inbox.first.values()))
    assert "40817" not in text.replace("XXXXXXXXXXXX", "")


async def test_secrets_rotate_while_webhooks_flow_and_a_dead_endpoint_delays_no_other(
    kafka: OwnLog, database: str, tmp_path: Path
) -> None:
    """WHK-05 with two processes: no failed check while both secrets live; an endpoint that never answers costs the other nothing."""
    inbox = Inbox()

    async def never(_request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    with serving(kafka, database, tmp_path) as service:
        async with receiving(inbox) as receiver, receiving(never) as dead, log_writer(kafka) as write:
            service.start("services.webhooks")
            service.start("services.webhooks")
            made: dict[str, Any] = {}

            async def make() -> None:
                await service.ask("POST", "/webhooks", {"url": dead.url()})
                tested = await service.ask("POST", "/webhooks/test", {"url": receiver.url()})
                assert tested["ok"]
                inbox.first.clear()
                made.update(
                    await service.ask("POST", "/webhooks", {"url": receiver.url(), "types": ["payout.*", "batch.*"]})
                )
                inbox.secrets = [made["secret"]]

            story, records = await told_story(service, write, make)
            half = len(records) // 2
            await write(records[:half])
            await until(lambda: len(inbox.first) > 10, what=lambda: rate(service))
            rotated = await service.ask("POST", f"/webhooks/{made['id']}/rotate")
            await asyncio.sleep(1)
            inbox.secrets = [made["secret"], rotated["secret"]]
            await write(records[half:])
            want = expected(records, story.records)
            started = time.monotonic()
            await until(lambda: received(inbox) >= want, 30, lambda: (rate(service), want - received(inbox)))
            took = time.monotonic() - started
            assert took < 15, took
            mine = await service.ask("GET", f"/deliveries?webhook_id={made['id']}&limit=500")
            await until(
                lambda: (
                    not service.rows(
                        "SELECT 1 FROM {w}.deliveries WHERE endpoint_id = %s AND status = 'pending'", made["id"]
                    )
                )
            )
            assert {one["last_error"] for one in mine["results"]} <= {None}
            await send_again(service, inbox, mine["results"])


async def send_again(service: Service, inbox: Inbox, listed: list[dict[str, Any]]) -> None:
    """WHK-04: one, a selection and a range, under their ids, with the state now beside the event's own."""
    one, several = listed[0]["id"], [item["id"] for item in listed[1:4]]
    bodies: list[tuple[str, Any]] = [(f"/deliveries/{one}/send-again", None), ("/deliveries/send-again", {"ids": several})]
    counted = inbox.count.copy()
    for path, body in bodies:
        await service.ask("POST", path, body, 202)
    await until(lambda: all(inbox.count[name] == counted[name] + 1 for name in (one, *several)))
    attempts = await service.ask("GET", f"/deliveries/{one}/attempts")
    assert [item["status_code"] for item in attempts["results"]] == [200, 200]
    assert attempts["results"][0]["answer"] == "ok"
    chosen = {"from": min(item["event_at"] for item in listed), "to": "2999-01-01T00:00:00Z", "status": "delivered"}
    sent = await service.ask("POST", "/deliveries/send-again", chosen, 202)
    assert sent["count"] >= len(listed)
    await until(lambda: all(inbox.count[item["id"]] > counted[item["id"]] for item in listed))

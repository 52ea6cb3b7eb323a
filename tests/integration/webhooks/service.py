"""Processes of the product on a log and schemas of a test's own, and a receiver that checks every webhook it gets."""

import asyncio
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from deploy.local import processes
from services.webhooks import schema
from tests.integration import own_log
from tests.integration.own_log import OwnLog
from tests.integration.projector.conftest import migrated
from tests.integration.projector.views import Views
from tests.support.receiver import Receiver, receiving

SECONDS = 60.0
TIMEOUT = "2"
"""Of one try, so that a lease ends soon."""


class Service:
    """The projector and webhooks beside each other; webhooks can be started several times, and killed."""

    def __init__(self, kafka: OwnLog, url: str, folder: Path) -> None:
        self.kafka, self.folder = kafka, folder
        self.views: Views = migrated(url)
        self.schema = f"{self.views.schema}_webhooks"
        schema.REVISIONS.upgrade(url, self.schema)
        self.running: list[subprocess.Popen[bytes]] = []
        self.base = ""

    def start(self, module: str, **more: str) -> subprocess.Popen[bytes]:
        """A process of a service; webhooks get a port of their own, and `base` is the last one's."""
        port = processes.free_port()
        env = {
            **os.environ,
            **self.kafka.environ,
            "DATABASE_URL": self.views.url,
            "PROJECTION_SCHEMA": self.views.schema,
            "PROJECTOR_METRICS_PORT": "0",
            "WEBHOOKS_METRICS_PORT": "0",
            "WEBHOOKS_PORT": str(port),
            "IDENTITY_URL": "http://127.0.0.1:9",
            "WEBHOOKS_ALLOW_LOOPBACK": "true",
            "WEBHOOKS_TIMEOUT_SECONDS": TIMEOUT,
            "PAYFLOW_PROFILE": "development",
            **more,
        }
        with (self.folder / f"{module}.log").open("ab") as output:
            process = subprocess.Popen(
                own_log.command(module), env=env, cwd=own_log.ROOT, stdout=output, stderr=subprocess.STDOUT
            )
        self.running.append(process)
        if module == "services.webhooks":
            self.base = f"http://127.0.0.1:{port}"
        return process

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of the schema of webhooks."""
        return self.views.rows(query.replace("{w}", f'"{self.schema}"'), *values)

    async def ask(
        self, method: str, path: str, body: Any = None, status: int | tuple[int, ...] = (200, 201, 202, 204)
    ) -> Any:
        """One request of merchant acme to the newest process, which may still be starting."""
        expected = (status,) if isinstance(status, int) else status
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession(headers={"X-Merchant-Id": "acme"}) as session:
            while True:
                try:
                    async with session.request(method, f"{self.base}/api/v1{path}", json=body) as answer:
                        text = await answer.text()
                        assert answer.status in expected, text
                        return json.loads(text) if text else None
                except aiohttp.ClientConnectorError:
                    await asyncio.sleep(0.1)


@contextmanager
def serving(kafka: OwnLog, url: str, folder: Path) -> Iterator[Service]:
    """Everything that was started ends with the block."""
    service = Service(kafka, url, folder)
    try:
        service.start("services.projector")
        yield service
    finally:
        for process in service.running:
            process.kill()
            process.wait()


class Inbox:
    """What a receiver got and verified; every delivery must verify with each of `secrets`."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.first: dict[str, dict[str, Any]] = {}
        self.count: Counter[str] = Counter()
        self.order: list[str] = []
        self.sizes: list[int] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        for secret in self.secrets:
            Webhook(secret).verify(body.decode(), dict(request.headers))
        name = request.headers["webhook-id"]
        self.count[name] += 1
        self.sizes.append(len(body))
        if name not in self.first:
            self.first[name] = json.loads(body)
            self.order.append(name)
        return web.Response(text="ok")

    def lanes(self) -> dict[str, list[int]]:
        """Order numbers as they first came, by subject."""
        found: dict[str, list[int]] = {}
        for name in self.order:
            sent = self.first[name]
            what = sent["type"].partition(".")[0]
            which = sent["data"][what].get("id") or sent["data"][what]["currency"]
            found.setdefault(f"{what}:{which}", []).append(sent["data"]["order"])
        return found


@asynccontextmanager
async def dropping(target: Receiver, every: int = 3) -> AsyncIterator[tuple[str, Counter[str]]]:
    """A proxy in front of a receiver that cuts every third delivery, once each: at times before, at times behind the receiver."""
    dropped: Counter[str] = Counter()
    seen = 0

    async def pass_on(request: web.Request) -> web.StreamResponse:
        nonlocal seen
        name, body = request.headers["webhook-id"], await request.read()
        seen += 1
        drop = seen % every == 0 and name not in dropped
        if drop:
            dropped[name] += 1
        if drop and seen % 2:
            return _cut(request)
        headers = {key: value for key, value in request.headers.items() if key.lower() != "host"}
        async with aiohttp.ClientSession() as session, session.post(target.url(), data=body, headers=headers) as answer:
            text = await answer.text()
        return _cut(request) if drop else web.Response(status=answer.status, text=text)

    async with receiving(pass_on) as proxy:
        yield proxy.url(), dropped


def _cut(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        transport.abort()  # type: ignore[attr-defined]
    return web.Response()


async def until(holds: Callable[[], bool], seconds: float = SECONDS, what: Callable[[], object] = lambda: "") -> None:
    """Wait for it; says `what()` when it does not come."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, what()
        await asyncio.sleep(0.05)

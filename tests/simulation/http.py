"""Requests of simulated clients to the product's own route functions, running in an ingest process.

Owns the way in and out: an ASGI scope, a reply or a cut line, and the journal of every request. Must not know what is asked.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request

from runtime.http_problems import ProblemError, problem_response
from services.ingest import batch_rows, batches, merchants, payouts, routes

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE_SECONDS = 40.0
ROUTES: dict[str, Any] = {
    "open_merchant": merchants.open_merchant,
    "credit": merchants.credit_merchant,
    "payout": routes.request_payout,
    "edit": payouts.edit_payout,
    "cancel": payouts.cancel_payout,
    "batch": batches.create_batch,
    "rows": batch_rows.add_rows,
    "seal": batches.seal_batch,
    "drop": batches.delete_batch,
}


@dataclass(frozen=True)
class Asked:
    """One request: a route, its path parameter, key and body. Equal ones are repeats."""

    route: str
    merchant: str
    key: str | None
    body: bytes
    subject: str | None = None


@dataclass
class Entry:
    """One line of the journal; `t0` and `t1` in virtual seconds, `wall0` and `wall1` in ms. No status: the line was cut or nobody answered."""

    asked: Asked
    t0: float
    wall0: int = 0
    t1: float = 0.0
    wall1: int = 0
    status: int | None = None
    reply: bytes = b""
    replayed: bool = False
    position: str | None = None

    @property
    def result(self) -> str:
        """ok, refused, or unknown."""
        if self.status is None or self.status >= 500:
            return "unknown"
        return "ok" if self.status < 400 else "refused"

    def json(self) -> Any:
        """The reply's body."""
        return orjson.loads(self.reply) if self.reply else {}


class Front:
    """Brings requests to a living ingest process."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.journal: list[Entry] = []

    async def ask(self, asked: Asked) -> Entry:
        """Ask once; the entry says what became of it."""
        entry = Entry(asked, self._world.loop.clock, self._world.now_ms())
        self.journal.append(entry)
        services = [s for name, s in sorted(self._world.alive.items()) if name.startswith("ingest") and s.ready]
        if not services:
            await asyncio.sleep(0.2)
        else:
            await self._carry(services[int(self._world.rng.random() * len(services))], entry)
        entry.t1, entry.wall1 = self._world.loop.clock, self._world.now_ms()
        return entry

    async def _carry(self, service: Any, entry: Entry) -> None:
        self._note(entry, await carry(self._world, service.process, _serve(service, entry.asked), PATIENCE_SECONDS))

    def _note(self, entry: Entry, done: Any) -> None:
        """What came back; nothing if the process died or patience ended."""
        if done is None or done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self._world.violations.append(f"error: {entry.asked.route} raised {error!r}")
            return
        response = done.result()
        entry.status, entry.reply = response.status_code, bytes(response.body)
        entry.replayed = response.headers.get("idempotency-replayed") == "true"
        entry.position = response.headers.get("payflow-position")


async def carry(world: "World", process: Any, work: Any, patience_seconds: float) -> Any:
    """Do a request in a process: its task when it is done; None if the process died or patience ended."""
    answered = world.loop.create_future()

    def end(done: Any = None) -> None:
        if not answered.done():
            answered.set_result(done)

    task = process.spawn(world.loop, work)
    task.add_done_callback(end, context=world.network.world)
    process.mourners.append(end)
    patience = world.loop.call_later(patience_seconds, end)
    done = await answered
    patience.cancel()
    process.mourners.remove(end)
    return done


async def _serve(service: Any, asked: Asked) -> Any:
    request = Request(_scope(service.app, asked), _receive(asked.body))
    try:
        route = ROUTES[asked.route]
        return await (route(request, asked.subject) if asked.subject is not None else route(request))
    except ProblemError as error:
        return problem_response(request, error)


def _scope(app: Any, asked: Asked) -> dict[str, Any]:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(asked.body)).encode())]
    headers.append((b"x-merchant-id", asked.merchant.encode()))
    if asked.key is not None:
        headers.append((b"idempotency-key", asked.key.encode()))
    path = f"/api/v1/{asked.route}"
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "app": app,
        "root_path": "",
    }


def _receive(body: bytes) -> Any:
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.get_running_loop().create_future()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive

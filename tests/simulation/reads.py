"""Reads through the gateway's own routes in a gateway process: payouts, their histories and balances, while all goes on.

Owns what is read, when, and the journal of reads. Must not judge an answer; that is `checks.reads`.
"""

import asyncio
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request

from runtime.http_problems import ProblemError, problem_response
from services.gateway import money, routes
from services.gateway.leaving import BEHIND
from tests.simulation.http import Entry, carry

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE_SECONDS = 30.0
NOBODY = "m-nobody"


@dataclass
class Read:
    """One read. `written` is the answer of the write that it follows; `position` was named; `behind` is what was said to be missing."""

    route: str
    merchant: str
    subject: str | None
    written: Entry
    position: str | None
    gateway: str
    t0: float
    t1: float = 0.0
    status: int | None = None
    reply: bytes = b""
    behind: int | None = None

    def json(self) -> Any:
        """The reply's body."""
        return orjson.loads(self.reply)


class Reader:
    """A client that reads what others wrote, until the run ends."""

    def __init__(self, world: "World", rng: Random, journal: list[Entry]) -> None:
        self.world, self.rng, self._written = world, rng, journal
        self.journal: list[Read] = []

    async def run(self) -> None:
        """Read something every now and then."""
        while True:
            await asyncio.sleep(0.1 + self.rng.random() * 1.5)
            made = [e for e in self._written[-40:] if e.asked.route == "payout" and e.status in {200, 201}]
            gateways = [s for name, s in sorted(self.world.alive.items()) if name.startswith("gateway")]
            if made and gateways:
                await self._read(self.rng.choice(gateways), self.rng.choice(made))

    async def _read(self, gateway: Any, written: Entry) -> None:
        route = self.rng.choice(("payout", "payout", "events", "balance"))
        merchant = NOBODY if self.rng.random() < 0.05 and route != "balance" else written.asked.merchant
        position = written.position if self.rng.random() < 0.5 else None
        subject = written.json()["id"] if route != "balance" else None
        read = Read(route, merchant, subject, written, position, gateway.process.name, self.world.loop.clock)
        self.journal.append(read)
        request = Request(_scope(gateway.app, read))
        done = await carry(self.world, gateway.process, _serve(request, read), PATIENCE_SECONDS)
        read.t1 = self.world.loop.clock
        if done is None or done.cancelled():
            return
        if (error := done.exception()) is not None:
            self.world.violations.append(f"error: GET {route} raised {error!r}")
            return
        read.status, read.reply = done.result().status_code, bytes(done.result().body)
        read.behind = request.scope.get("state", {}).get(BEHIND)


async def _serve(request: Request, read: Read) -> Any:
    try:
        match read.route:
            case "payout":
                return await routes.get_payout(request, str(read.subject))
            case "events":
                return await routes.get_payout_events(request, str(read.subject))
            case _:
                return await money.get_balance(request)
    except ProblemError as error:
        return problem_response(request, error)


def _scope(app: Any, read: Read) -> dict[str, Any]:
    headers = [(b"x-merchant-id", read.merchant.encode())]
    if read.position is not None:
        headers.append((b"payflow-position", read.position.encode()))
    path = f"/api/v1/{read.route}"
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers, "app": app}
    return {**scope, "root_path": "", "state": {}}

"""A process holds so many requests, and so many bytes of their bodies; the rest are told to come again (SEC-10)."""

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from runtime import http_problems
from runtime.http_room import Bytes, Room

TURNS = 50
"""So often the loop goes round until what can go on has gone on."""


async def settle() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def held_app(**limits: Any) -> tuple[FastAPI, asyncio.Event]:
    """An app whose answers wait for the event, behind a Room."""
    app, go = FastAPI(), asyncio.Event()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(request: Request) -> Response:
        await request.body()
        await go.wait()
        return Response()

    app.add_middleware(Room, free={"/livez"}, **{"requests_max": 100, **limits})
    http_problems.install(app)
    return app, go


async def test_a_process_holds_so_many_requests_and_tells_the_rest_to_come_again() -> None:
    app, go = held_app(requests_max=2)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        held = [asyncio.create_task(client.get("/a")) for _ in range(2)]
        await settle()
        refused = await client.post("/a", headers={"Idempotency-Key": "k"})
        told = (
            refused.status_code,
            refused.json()["code"],
            refused.headers["retry-after"],
            refused.headers["idempotency-key"],
        )
        assert told == (429, "backlog_full", "1", "k")
        well = asyncio.create_task(client.get("/livez"))
        await settle()
        go.set()
        assert [(await one).status_code for one in (*held, well)] == [200, 200, 200]
        assert (await client.get("/a")).status_code == 200


@pytest.mark.parametrize(("kind", "other"), [("application/json", "text/csv"), ("text/csv", "application/merge-patch+json")])
async def test_a_process_holds_so_many_bytes_of_each_kind(kind: str, other: str) -> None:
    app, go = held_app(json=Bytes(100, 100), files=Bytes(100, 100))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:

        def send(size: int, content_type: str) -> "asyncio.Task[httpx2.Response]":
            return asyncio.create_task(client.post("/a", content=b"x" * size, headers={"Content-Type": content_type}))

        held = [send(80, kind), send(100, other)]
        await settle()
        refused = await send(21, kind)
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "backlog_full", "1")
        go.set()
        assert [(await one).status_code for one in held] == [200, 200]
        assert (await send(100, kind)).status_code == 200


async def test_a_process_that_passes_bodies_on_does_not_count_them() -> None:
    app, go = held_app()
    go.set()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        assert (await client.post("/a", json="x" * 1000)).status_code == 200


async def test_a_body_that_is_too_large_is_told_so_and_takes_no_more_room_than_the_largest_one() -> None:
    app, go = held_app(json=Bytes(100, 60))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        held = asyncio.create_task(client.post("/a", content=b"x" * 1000, headers={"Content-Type": "application/json"}))
        await settle()
        assert (await client.post("/a", content=b"x" * 41, headers={"Content-Type": "application/json"})).status_code == 429
        go.set()
        assert (await held).status_code == 200

"""Each request has a trace: its own, else one of ours, the same in the answer and in log lines (ERR-01)."""

import re
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from structlog.contextvars import get_contextvars

from runtime import http_problems
from runtime.http_problems import ProblemError
from runtime.http_trace import Traced, minted, trace_id, traceparent

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEX = re.compile("[0-9a-f]{32}")
BROKEN = [
    "",
    "x",
    SENT.upper(),
    SENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
    SENT.replace("b7ad6b7169203331", "0" * 16),
    "ff" + SENT[2:],
    SENT + "-more",
]


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/refused")
    async def refused(request: Request) -> None:
        raise ProblemError("not_found", f"{request.headers['traceparent']} {get_contextvars()['trace_id']}")

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    http_problems.install(app)
    app.add_middleware(Traced)
    return app


async def ask(app: FastAPI, path: str, *headers: tuple[str, str]) -> Any:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        return (await client.get(path, headers=list(headers))).json()


async def test_a_clients_own_trace_is_kept(app: FastAPI) -> None:
    told = await ask(app, "/refused", ("traceparent", SENT), ("tracestate", "a=1"))
    assert (told["trace_id"], told["detail"]) == (trace_id(SENT), f"{SENT} {trace_id(SENT)}")


@pytest.mark.parametrize("text", BROKEN)
async def test_without_a_trace_one_is_minted_and_log_lines_have_it(app: FastAPI, text: str) -> None:
    first, second = [await ask(app, "/refused", *([("traceparent", text)] if text else [])) for _ in range(2)]
    assert HEX.fullmatch(first["trace_id"])
    assert first["trace_id"] != second["trace_id"]
    inside, logged = first["detail"].split()
    assert (traceparent(inside), trace_id(inside), logged) == (inside, first["trace_id"], first["trace_id"])


async def test_two_traces_are_none(app: FastAPI) -> None:
    told = await ask(app, "/refused", ("traceparent", SENT), ("traceparent", minted()))
    assert told["trace_id"] != trace_id(SENT)


@pytest.mark.parametrize("path", ["/broken", "/nowhere"])
async def test_what_the_framework_answers_has_it_too(app: FastAPI, path: str) -> None:
    assert HEX.fullmatch((await ask(app, path))["trace_id"])

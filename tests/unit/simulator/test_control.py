"""Outcomes chosen by hand: before a transfer comes, and while it hangs; never against the provider's word (SIM-03, CON-05)."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.gateway.development.provider import Provider as Controls
from services.simulator.app import Provider
from services.simulator.books import Books
from services.simulator.scenario import PRESETS

HANGS = "+256700000005"
Client = TestClient[web.Request, web.Application]


@contextlib.asynccontextmanager
async def simulator(folder: Path) -> AsyncIterator[Client]:
    books = Books(folder)
    async with TestClient(TestServer(Provider(books, PRESETS["perfect"], controls=True).app())) as client:
        yield client
    books.close()


def transfer(reference: str, payee: str = "+256772123456") -> dict[str, Any]:
    return {"reference": reference, "amount": "10.00", "currency": "USD", "payee": {"msisdn": payee}}


async def test_what_has_not_come_yet_goes_as_chosen(tmp_path: Path) -> None:
    async with simulator(tmp_path) as client:
        chosen = await (
            await client.put("/control/transfers/r1", json={"outcome": "failed", "code": "provider_busy"})
        ).json()
        assert (chosen["standing"], chosen["chosen"]) == (None, "failed")
        told = await (await client.post("/transfers", json=transfer("r1"))).json()
        assert (told["status"], told["code"], told["retryable"]) == ("failed", "provider_busy", True)
        assert (await (await client.get("/control/transfers/r1")).json())["chosen"] is None, "once"
        assert (await (await client.post("/transfers", json=transfer("r2"))).json())["status"] == "paid"


async def test_what_hangs_ends_as_chosen_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    async with simulator(tmp_path) as client:
        assert (await (await client.post("/transfers", json=transfer("r1", HANGS))).json())["status"] == "in_progress"
        ended = await client.put("/control/transfers/r1", json={"outcome": "failed", "code": "account_closed"})
        assert (await ended.json())["standing"] == "failed"
        told = await (await client.get("/transfers/r1")).json()
        assert (told["status"], told["code"]) == ("failed", "account_closed")
    async with simulator(tmp_path) as client:
        assert (await (await client.get("/transfers/r1")).json())["code"] == "account_closed"


async def test_what_has_ended_cannot_be_chosen_again(tmp_path: Path) -> None:
    async with simulator(tmp_path) as client:
        await client.post("/transfers", json=transfer("r1"))
        refused = await client.put("/control/transfers/r1", json={"outcome": "failed"})
        assert (refused.status, (await refused.json())["code"]) == (409, "settled")
        assert (await (await client.get("/transfers/r1")).json())["status"] == "paid"


@pytest.mark.parametrize(
    "body", [{}, {"outcome": "won"}, {"outcome": "paid", "code": "provider_busy"}, {"outcome": "failed", "code": "x"}, [], 3]
)
async def test_a_bad_choice_is_400_and_changes_nothing(tmp_path: Path, body: Any) -> None:
    async with simulator(tmp_path) as client:
        assert (await client.put("/control/transfers/r1", json=body)).status == 400
        assert (await (await client.get("/control/transfers/r1")).json())["chosen"] is None


async def test_the_gateways_client_speaks_this_language(tmp_path: Path) -> None:
    async with simulator(tmp_path) as client:
        controls = Controls(str(client.make_url("")))
        await controls.open()
        try:
            assert (await controls.choose_preset({"preset": "storm"}))["preset"] == "storm"
            assert "steady" in (await controls.preset())["presets"]
            assert (await controls.choose("r1", {"outcome": "hang"}))["chosen"] == "hang"
            with pytest.raises(Exception, match="validation_error"):
                await controls.choose("r1", {"outcome": "won"})
            await client.post("/transfers", json=transfer("r2"))
            with pytest.raises(Exception, match="invalid_state_transition"):
                await controls.choose("r2", {"outcome": "failed"})
        finally:
            await controls.close()


async def test_a_simulator_that_is_away_is_a_503_of_its_own() -> None:
    controls = Controls("http://127.0.0.1:9")
    await controls.open()
    try:
        with pytest.raises(Exception, match="simulator_unavailable"):
            await controls.preset()
    finally:
        await controls.close()


async def test_sec_19_without_controls_there_are_no_such_addresses(tmp_path: Path) -> None:
    books = Books(tmp_path)
    async with TestClient(TestServer(Provider(books, PRESETS["perfect"]).app())) as client:
        for method, path in (("GET", "preset"), ("PUT", "preset"), ("GET", "transfers/r1"), ("PUT", "transfers/r1")):
            assert (await client.request(method, f"/control/{path}", json={"outcome": "paid"})).status == 404
        assert (await client.post("/transfers", json=transfer("r1"))).status == 200
    books.close()

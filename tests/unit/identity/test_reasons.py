"""Why a key is revoked or a person closed is read at the door and handed on to the audit trail; a bad reason changes nothing (SEC-02, SEC-03)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher

from runtime.clock import ManualClock
from services.identity.asking import Desk
from services.identity.passwords import Passwords
from services.identity.wiring import build_app

KEY, PERSON = "01a1fce3-eadb-73ce-b132-dc140c212c12", "01a1fce3-eadb-73ce-b132-dc140c212c13"
GRANTS = [{"role": "operator", "merchants": ["demo"]}]
AMA = {"id": PERSON, "email": "ama@example.com", "name": "Ama Mensah", "grants": GRANTS, "active": True, "created_at": 0}


class Rows:
    """A database of one key and one person, which notes what is written."""

    rowcount = 1

    def __init__(self) -> None:
        self.written: list[tuple[str, list[Any]]] = []
        self._found: list[dict[str, Any]] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Rows"]:
        yield self

    async def execute(self, query: str, arguments: list[Any]) -> "Rows":
        if not query.startswith("SELECT"):
            self.written.append((query, arguments))
        self._found = [{"id": KEY, "merchants": ["demo"]} if " keys " in query else AMA]
        return self

    async def fetchall(self) -> list[dict[str, Any]]:
        return self._found

    def told(self) -> list[tuple[str, str | None]]:
        """What stands in the audit trail: action and reason."""
        return [(values[2], values[6]) for query, values in self.written if query.startswith("INSERT INTO audit")]


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
async def client(rows: Rows) -> AsyncIterator[httpx2.AsyncClient]:
    app = build_app()
    app.state.desk = Desk(rows, Passwords(PasswordHasher()), ManualClock(1), 1, open_mode=True)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as asking:
        yield asking


@pytest.mark.parametrize(
    ("body", "reason"), [(None, None), ({}, None), ({"reason": None}, None), ({"reason": "it leaked"}, "it leaked")]
)
async def test_a_key_ends_for_a_reason_or_for_none(client: httpx2.AsyncClient, rows: Rows, body: Any, reason: Any) -> None:
    answer = await client.request("DELETE", f"/api/v1/keys/{KEY}", **({} if body is None else {"json": body}))
    assert (answer.status_code, rows.told()) == (204, [("key.revoked", reason)]), answer.text


async def test_a_person_is_closed_for_a_reason_that_does_not_name_them(client: httpx2.AsyncClient, rows: Rows) -> None:
    body = {"active": False, "reason": "ama mensah left; call 4915112345678"}
    answer = await client.patch(f"/api/v1/users/{PERSON}", json=body)
    assert (answer.status_code, rows.told()) == (200, [("user.changed", "[removed] left; call [removed]")]), answer.text


@pytest.mark.parametrize("reason", [5, "x" * 257, "two\nlines", "bell\x07", ["lost"]], ids=repr)
async def test_a_bad_reason_is_named_and_changes_nothing(client: httpx2.AsyncClient, rows: Rows, reason: object) -> None:
    for method, path, more in (("DELETE", f"/keys/{KEY}", {}), ("PATCH", f"/users/{PERSON}", {"active": False})):
        answer = await client.request(method, f"/api/v1{path}", json={**more, "reason": reason})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/reason"), answer.text
    assert rows.written == []


async def test_null_is_no_body_that_is_left_out(client: httpx2.AsyncClient, rows: Rows) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.request("DELETE", f"/api/v1/keys/{KEY}", content=b"null", headers=headers)
    assert (answer.status_code, rows.written) == (400, [])

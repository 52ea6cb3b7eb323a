"""The identity service over a schema of its own, with quick password hashes and a clock that stands."""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest
from argon2 import PasswordHasher

from domain.access.matrix import Role
from domain.access.principal import ALL, Grant, Principal, encode
from runtime.clock import ManualClock
from runtime.inner_door import PRINCIPAL_HEADER, SECRET_HEADER
from services.identity import schema
from services.identity.database import Database
from services.identity.passwords import Passwords
from services.identity.settings import IdentitySettings
from services.identity.wiring import build_app, desk, guarded
from tests.integration.identity.provider import CLIENT, SECRET, TestProvider, served
from tests.support.stores import own_database

KEY = "b7c1f0de9a2c4e5f8a7b6c5d4e3f2a1b"
ADMIN = Principal(kind="person", id="root", grants=(Grant(role=Role.ADMIN, merchants=frozenset({ALL})),))


def of(kind: str, role: Role, *merchants: str) -> Principal:
    """A principal with one role."""
    return Principal(
        kind=kind, id=f"{role}-{'-'.join(merchants)}", grants=(Grant(role=role, merchants=frozenset(merchants)),)
    )


@dataclass
class Identity:
    """The service, its database and its provider."""

    client: httpx2.AsyncClient
    database: Database
    clock: ManualClock
    provider: TestProvider
    secret: str
    url: str

    async def ask(
        self, method: str, path: str, body: object = None, by: Principal | None = ADMIN, **headers: str
    ) -> httpx2.Response:
        """As the gateway would, for a principal it has checked; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        inner = {SECRET_HEADER: self.secret} | ({PRINCIPAL_HEADER: encode(by)} if by else {})
        more: dict[str, Any] = {} if body is None else {"json": body}
        self.client.cookies.clear()  # a test says itself what the browser holds
        return await self.client.request(method, f"/api/v1{path}", headers={**inner, **named}, **more)

    async def audit(self) -> list[dict[str, Any]]:
        """The trail, oldest first."""
        return await self.database.all("SELECT * FROM audit ORDER BY id")


@pytest.fixture(scope="session")
def own_url(database_url: str) -> Iterator[str]:
    with own_database(database_url) as url:
        yield url


@pytest.fixture
async def identity(own_url: str) -> AsyncIterator[Identity]:
    """An empty schema `admin`."""
    with psycopg.connect(own_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS admin CASCADE")
    schema.REVISIONS.upgrade(own_url, "admin")
    async with served() as provider:
        given = {"DATABASE_URL": own_url, "PAYFLOW_ACCESS": "required", "SECRET_KEY": KEY, "OIDC_ISSUER": provider.url}
        given |= {"OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
        settings = IdentitySettings(**given, OIDC_REDIRECT_URL="https://localhost/api/v1/sessions/oidc/callback")
        clock = ManualClock(time.time_ns() // 1_000_000)
        database, app = Database(own_url, "admin"), build_app()
        await database.open()
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        app.state.desk = desk(settings, database, passwords, clock)
        guarded(app, settings, clock)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://localhost") as client:
            yield Identity(client, database, clock, provider, str(settings.inner_secret), own_url)
        await database.close()

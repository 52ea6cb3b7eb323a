"""The gateway's view of keys and sign-ins: read only, kept for a moment (SEC-02).

Owns the queries on the schema `admin` and the age up to which an answer is used again: 2 s, so that a revoked key stops within 5 s on every
gateway. What nobody has is remembered apart, and little of it: made-up credentials push out no good one. Must not change anything; that is
the identity service's.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from domain.access.principal import Grant, Principal
from runtime.clock import Clock
from services.gateway.access.credentials import Credential

FRESH_SECONDS = 2.0
KEPT_MAX, MISSED_MAX = 20_000, 1_000

_KEY = (
    "SELECT id::text, name, scopes, merchants, expires_at, revoked_at AS ended_at, NULL::bytea AS csrf_hash FROM keys WHERE "
)
_SESSION = (
    "SELECT u.id::text, u.name, u.grants, s.id::text AS session_id, s.expires_at, s.ended_at, s.csrf_hash FROM sessions s "
    "JOIN users u ON u.id = s.user_id AND u.active WHERE "
)
QUERIES = {
    "key": _KEY + "hash = %s",
    "key_id": _KEY + "id = %s",
    "session": _SESSION + "s.token_hash = %s",
    "session_id": _SESSION + "s.id = %s",
}

Row = Mapping[str, Any]


class Rows(Protocol):
    """What is asked of the database."""

    async def one(self, query: str, arguments: Any = ()) -> dict[str, Any] | None:
        """The first row. Raises ProblemError 503."""


class Known(NamedTuple):
    """A good credential: who it is, and the hash of what a page must send back (people only)."""

    principal: Principal
    csrf_hash: bytes | None


class _Kept(NamedTuple):
    row: Row | None
    at: float


class Directory:
    """Looks credentials up."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        """`rows` reads the schema `admin`."""
        self._rows, self._clock = rows, clock
        self._kept: OrderedDict[Credential, _Kept] = OrderedDict()
        self._missed: OrderedDict[Credential, _Kept] = OrderedDict()
        self._asking: dict[Credential, asyncio.Task[Row | None]] = {}

    def holds(self, credential: Credential) -> bool:
        """Whether it was there when it was last asked after, be it a while ago, or is being asked after: one more costs no question."""
        return credential in self._kept or credential in self._asking

    async def known(self, credential: Credential) -> Known | None:
        """Who it is; None for one that is unknown, ended or expired. Raises ProblemError 503 while the database is away."""
        row = await self._row(credential)
        if row is None or row["ended_at"] is not None:
            return None
        if row["expires_at"] is not None and row["expires_at"] <= self._clock.now_ms():
            return None
        return _known(row)

    async def _row(self, credential: Credential) -> Row | None:
        kept = self._kept.get(credential) or self._missed.get(credential)
        if kept is not None and self._clock.monotonic() - kept.at < FRESH_SECONDS:
            return kept.row
        return await asyncio.shield(self._asking.get(credential) or self._begin(credential))

    def _begin(self, credential: Credential) -> "asyncio.Task[Row | None]":
        """One question at a time for a credential, however many requests wait for it."""
        task = asyncio.create_task(self._ask(credential))
        self._asking[credential] = task
        task.add_done_callback(lambda done: self._asked(credential, done))
        return task

    async def _ask(self, credential: Credential) -> Row | None:
        asked_at = self._clock.monotonic()
        row = await self._rows.one(QUERIES[credential.kind], [credential.value])
        self._keep(credential, _Kept(row, asked_at))
        return row

    def _keep(self, credential: Credential, found: _Kept) -> None:
        to, other, most = self._kept, self._missed, KEPT_MAX
        if found.row is None:
            to, other, most = self._missed, self._kept, MISSED_MAX
        other.pop(credential, None)
        to[credential] = found
        to.move_to_end(credential)
        while len(to) > most:
            to.popitem(last=False)

    def _asked(self, credential: Credential, done: "asyncio.Task[Row | None]") -> None:
        self._asking.pop(credential, None)
        if not done.cancelled():
            done.exception()  # whoever waits has it; nobody may be left to


def _known(row: Row) -> Known:
    if "grants" in row:
        grants = msgspec.convert(row["grants"], tuple[Grant, ...])
        principal = Principal(kind="person", id=row["id"], name=row["name"], grants=grants, session_id=row["session_id"])
    else:
        grant = Grant(scopes=frozenset(row["scopes"]), merchants=frozenset(row["merchants"]))
        principal = Principal(kind="key", id=row["id"], name=row["name"], grants=(grant,))
    csrf = row["csrf_hash"]
    return Known(principal, bytes(csrf) if csrf is not None else None)

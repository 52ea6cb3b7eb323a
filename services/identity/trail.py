"""The audit trail: who did what, to what, when, and why (SEC-03, SEC-07).

Owns the one way to add a row, in the transaction of what it tells, and reading them back. A trigger refuses every change. Neither a secret
nor personal data goes in: people and keys by their id, a reason without numbers. Must not know who may read it.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from domain.access.principal import ALL
from schemas.masking import scrubbed_reason
from schemas.times import rfc3339
from services.identity.database import Connection, Database, Row, change

DONE, REFUSED = "done", "refused"
REASON_MAX = 500
PAGE_MAX = 200


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told. `merchants` are those it concerns; empty for a thing of the whole house."""

    actor: str
    action: str
    subject: str | None = None
    outcome: str = DONE
    merchants: frozenset[str] = frozenset()
    reason: str | None = None
    act_id: str | None = None
    """A UUID, for what another service tells at least once: the row is added once."""
    detail: Mapping[str, Any] = {}


async def tell(connection: Connection, entry: Entry, now_ms: int) -> None:
    """Add a row, in the transaction of the change."""
    reason = scrubbed_reason(entry.reason)[:REASON_MAX] if entry.reason else None
    values = [now_ms, entry.actor, entry.action, entry.subject, entry.outcome, sorted(entry.merchants), reason]
    await change(
        connection,
        "INSERT INTO audit (at, actor, action, subject, outcome, merchants, reason, act_id, detail) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (act_id) WHERE act_id IS NOT NULL DO NOTHING",
        [*values, entry.act_id, Jsonb(dict(entry.detail))],
    )


async def read(database: Database, mine: frozenset[str], before: int | None, limit: int) -> list[Row]:
    """Rows newest first, and one more if there are more: all of them for ALL, else those that concern these merchants only."""
    query = (
        "SELECT id, at, actor, action, subject, outcome, merchants, reason, detail FROM audit "
        "WHERE (%s OR (merchants <@ %s AND merchants <> '{}')) AND id < coalesce(%s, 9223372036854775807) ORDER BY id DESC LIMIT %s"
    )
    return await database.all(query, [ALL in mine, sorted(mine), before, limit + 1])


def shown(row: Row) -> dict[str, object]:
    """The public form."""
    return {**row, "id": str(row["id"]), "at": rfc3339(row["at"])}


def drawn() -> str:
    """A new secret of 256 bits as text: sessions, tickets, states."""
    return secrets.token_urlsafe(32)

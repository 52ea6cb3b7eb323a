"""People: making, listing, changing (SEC-03, SEC-05).

Owns the rows of people and the rule that nobody gives away what they lack. A change of rights or password, and the end of an account,
end the sign-ins. Every change and its audit row are one transaction. Must not know HTTP.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from psycopg.types.json import Jsonb

from domain.access.matrix import scopes_of
from domain.access.people import Person
from domain.access.principal import ALL, Grant, Principal
from runtime.clock import Clock
from runtime.http_problems import ProblemError
from runtime.ids import mint
from schemas.ids import is_uuid
from schemas.masking import without
from schemas.times import rfc3339
from services.identity.database import Connection, Database, Row, change, row
from services.identity.trail import Entry, tell

COLUMNS = (
    "id::text, email, name, grants, active, created_at, created_by, password_hash IS NOT NULL AS has_password, "
    "oidc_subject IS NOT NULL AS has_oidc"
)


class Change(Struct, frozen=True, kw_only=True):
    """What becomes of a person; UNSET stays."""

    name: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    grants: tuple[Grant, ...] | UnsetType = UNSET
    password_hash: str | UnsetType = UNSET


async def make(database: Database, clock: Clock, by: Principal, person: Person, password_hash: str | None) -> Row:
    """A new person. Raises ProblemError 403 for rights that the maker lacks, 409 for an address that is taken."""
    check_reach(by, person.grants)
    now = clock.now_ms()
    values = [mint(), person.email, person.name, password_hash, Jsonb(msgspec.to_builtins(person.grants)), now, by.actor]
    async with database.transaction() as connection:
        made = await row(
            connection,
            "INSERT INTO users (id, email, name, password_hash, grants, created_at, created_by) "
            f"VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (email) DO NOTHING RETURNING {COLUMNS}",
            values,
        )  # a violation would be told, with the address, in the database's own log
        if made is None:
            raise ProblemError("already_exists", "There is a person with this address already.")
        await tell(connection, _entry(by, "user.created", made, {"grants": made["grants"]}), now)
    return made


def check_reach(by: Principal, grants: tuple[Grant, ...]) -> None:
    """Raise ProblemError 403 unless `by` may do, for each of the merchants, all that the grants allow."""
    for grant in grants:
        wanted = scopes_of(grant.role) if grant.role else grant.scopes
        if not wanted <= by.scopes_for(grant.merchants):
            raise ProblemError(
                "forbidden", "Nobody can give more than they have: leave out roles or merchants that you lack."
            )


async def listed(database: Database, mine: frozenset[str]) -> list[Row]:
    """People by address, those with roles for these merchants only, unless ALL is among them; at most 1,000."""
    found = await database.all(f"SELECT {COLUMNS} FROM users ORDER BY email LIMIT 1000")
    return [person for person in found if _within(person, mine)]


async def alter(
    database: Database,
    clock: Clock,
    by: Principal,
    mine: frozenset[str],
    user_id: str,
    wanted: Change,
    reason: str | None = None,
) -> Row | None:
    """Change a person and end the sign-ins where rights or password changed; the audit row keeps the reason.

    None for one that has roles for other merchants than `mine`, those for which `by` may do this.
    """
    if not is_uuid(user_id):
        return None
    now = clock.now_ms()
    async with database.transaction() as connection:
        found = await row(connection, f"SELECT {COLUMNS} FROM users WHERE id::text = %s FOR UPDATE", [user_id])
        if found is None or not _within(found, mine):
            return None
        check_reach(by, msgspec.convert(found["grants"], tuple[Grant, ...]))
        if not isinstance(wanted.grants, UnsetType):
            check_reach(by, wanted.grants)
        values = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}
        changed = await _write(connection, user_id, values) if values else found
        if values.keys() - {"name"}:
            await end_sessions(connection, user_id, now)
        await tell(connection, _entry(by, "user.changed", changed, {"fields": sorted(values)}, reason), now)
        return changed


async def _write(connection: Connection, user_id: str, values: Mapping[str, Any]) -> Row:
    sets = ", ".join(f"{name} = %s" for name in values)
    written = [Jsonb(msgspec.to_builtins(value)) if name == "grants" else value for name, value in values.items()]
    changed = await row(connection, f"UPDATE users SET {sets} WHERE id = %s RETURNING {COLUMNS}", [*written, user_id])
    assert changed is not None, "the row is locked"
    return changed


async def end_sessions(connection: Connection, user_id: str, now: int, but: str | None = None) -> None:
    """End a person's sign-ins, all but one."""
    query = "UPDATE sessions SET ended_at = %s WHERE user_id = %s AND ended_at IS NULL AND id::text IS DISTINCT FROM %s"
    await change(connection, query, [now, user_id, but])


def merchants_of(person: Row) -> frozenset[str]:
    """Every merchant that a person's roles name."""
    return frozenset(merchant for grant in person["grants"] for merchant in grant["merchants"])


def _within(person: Row, mine: frozenset[str]) -> bool:
    return ALL in mine or merchants_of(person) <= mine


def _entry(by: Principal, action: str, person: Row, detail: dict[str, object], reason: str | None = None) -> Entry:
    subject, merchants = f"person:{person['id']}", merchants_of(person)
    told = without(reason, [person["email"], person["name"]]) if reason else None
    return Entry(actor=by.actor, action=action, subject=subject, merchants=merchants, reason=told, detail=detail)


def shown(person: Row) -> dict[str, object]:
    """The public form."""
    grants = [{"role": grant["role"], "merchants": sorted(grant["merchants"])} for grant in person["grants"]]
    return {**person, "grants": grants, "created_at": rfc3339(person["created_at"])}

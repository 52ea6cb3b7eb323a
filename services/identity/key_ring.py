"""API keys: making, listing, revoking (SEC-02).

Owns the rows of keys and the rule that nobody hands out more than they have. A key is shown once; what is stored is its hash. Every change
and its audit row are one transaction. Must not know HTTP.
"""

import secrets

from domain.access import keys
from domain.access.people import KeyWish
from domain.access.principal import ALL, Principal
from runtime.clock import Clock
from runtime.http_problems import ProblemError
from runtime.ids import mint
from schemas.ids import is_uuid
from schemas.times import rfc3339, rfc3339_or_none
from services.identity.database import Database, Row, change, row
from services.identity.trail import Entry, tell

DAY_MS = 86_400_000
COLUMNS = "id::text, shown, name, scopes, merchants, live, created_at, created_by, expires_at, revoked_at, revoked_by"


async def make(database: Database, clock: Clock, by: Principal, wish: KeyWish) -> tuple[str, Row]:
    """The key, which is not told again, and its row. Raises ProblemError 403 for scopes or merchants that the maker lacks."""
    _check_reach(by, wish)
    secret, now = keys.written(secrets.token_bytes(keys.SECRET_BYTES), live=wish.live), clock.now_ms()
    expires = now + wish.expires_in_days * DAY_MS if wish.expires_in_days else None
    values = [mint(), keys.stored(secret), keys.shown(secret), wish.name, sorted(wish.scopes), sorted(wish.merchants)]
    async with database.transaction() as connection:
        made = await row(
            connection,
            "INSERT INTO keys (id, hash, shown, name, scopes, merchants, live, created_at, created_by, expires_at) "
            f"VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}",
            [*values, wish.live, now, by.actor, expires],
        )
        assert made is not None, "the insert returns its row"
        entry = Entry(
            actor=by.actor,
            action="key.created",
            subject=f"key:{made['id']}",
            merchants=wish.merchants,
            detail={"scopes": sorted(wish.scopes), "expires_at": expires},
        )
        await tell(connection, entry, now)
    return secret, made


def _check_reach(by: Principal, wish: KeyWish) -> None:
    if not wish.scopes <= by.scopes_for(wish.merchants):
        raise ProblemError(
            "forbidden", "A key cannot do more than who makes it: leave out scopes or merchants that you lack."
        )


async def listed(database: Database, mine: frozenset[str]) -> list[Row]:
    """Keys newest first, of these merchants only, unless ALL is among them; at most 1,000."""
    query = f"SELECT {COLUMNS} FROM keys WHERE %s OR merchants <@ %s ORDER BY created_at DESC, id DESC LIMIT 1000"
    return await database.all(query, [ALL in mine, sorted(mine)])


async def revoke(
    database: Database, clock: Clock, by: Principal, mine: frozenset[str], key_id: str, reason: str | None = None
) -> bool:
    """End a key; the audit row keeps the reason. A repeat changes nothing. False for one that is not there, or not of these merchants."""
    if not is_uuid(key_id):
        return False
    now = clock.now_ms()
    async with database.transaction() as connection:
        query = "SELECT id::text, merchants FROM keys WHERE id::text = %s AND (%s OR merchants <@ %s)"
        found = await row(connection, query, [key_id, ALL in mine, sorted(mine)])
        if found is None:
            return False
        ended = "UPDATE keys SET revoked_at = %s, revoked_by = %s WHERE id = %s AND revoked_at IS NULL"
        if await change(connection, ended, [now, by.actor, key_id]):
            subject, merchants = f"key:{key_id}", frozenset(found["merchants"])
            entry = Entry(actor=by.actor, action="key.revoked", subject=subject, merchants=merchants, reason=reason)
            await tell(connection, entry, now)
    return True


def shown(key: Row) -> dict[str, object]:
    """The public form, without the secret."""
    times = {name: rfc3339_or_none(key[name]) for name in ("expires_at", "revoked_at")}
    return {**key, **times, "created_at": rfc3339(key["created_at"])}

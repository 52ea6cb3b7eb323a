"""Signing in and out: tries, locks, sessions (SEC-03).

Owns the rows of sessions and tries. A try is counted before the password is looked at, so that many at once are no way around the lock; an
address that nobody has is counted and answered alike. Every sign-in makes a new session, ends the one that the browser had, and clears away
those that are over; what was done with them stands in the trail. Must not know cookies.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from domain.access.keys import stored
from domain.access.people import LOCK_MS, TRIES_MAX
from runtime.http_problems import ProblemError
from runtime.ids import mint
from services.identity.asking import Desk
from services.identity.database import Connection, Row, change, row
from services.identity.oidc import Claimed
from services.identity.trail import REFUSED, Entry, drawn, tell

USER = "id::text, name, email, grants, active, password_hash"

COUNT = """
INSERT INTO sign_in_tries AS t (email_hash, tries, last_at) VALUES (%(email)s, 1, %(now)s)
ON CONFLICT (email_hash) DO UPDATE SET
    tries = CASE WHEN t.last_at < %(now)s - %(window)s THEN 1 ELSE t.tries + 1 END,
    last_at = CASE WHEN t.locked_until > %(now)s THEN t.last_at ELSE %(now)s END,
    locked_until = CASE WHEN t.locked_until > %(now)s THEN t.locked_until
        WHEN t.tries + 1 >= %(most)s AND t.last_at >= %(now)s - %(window)s THEN %(now)s + %(window)s END
RETURNING locked_until, tries
"""
"""The last try that is looked at locks: from then on nothing is, right or wrong, unless this one is right and forgives."""

UNCOUNT = """
UPDATE sign_in_tries SET tries = tries - 1, locked_until = CASE WHEN %(last)s THEN NULL ELSE locked_until END
WHERE email_hash = %(email)s
"""

SESSIONS_MAX = 20
"""Sign-ins of one person that are open at once; past that the oldest ends."""
OVER = (
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ended_at IS NOT NULL OR expires_at <= %s "
    "FOR UPDATE SKIP LOCKED)"
)
SURPLUS = (
    "UPDATE sessions SET ended_at = %s WHERE id IN (SELECT id FROM sessions WHERE user_id = %s AND ended_at IS NULL "
    "ORDER BY created_at DESC, id DESC OFFSET %s)"
)


class SignedIn(NamedTuple):
    """A new session: the two secrets for the browser, and until when (ms UTC)."""

    token: str
    csrf: str
    expires_at: int
    session_id: str
    user: Row


async def by_password(desk: Desk, email: str, password: str, old_token: str | None) -> SignedIn:
    """A session for the right password. Raises ProblemError 401 for a wrong one, 429 while locked."""
    now = desk.clock.now_ms()
    last = await count_try(desk, email, now)
    async with desk.database.transaction() as connection:
        user = await row(connection, f"SELECT {USER} FROM users WHERE email = %s AND active", [email])
    async with looking(desk, email, last=last):
        right = await desk.passwords.is_right(user["password_hash"] if user else None, password)
    if not right or user is None:
        async with desk.database.transaction() as connection:
            subject = f"person:{user['id']}" if user else None
            await tell(connection, Entry(actor="anybody", action="sign_in", subject=subject, outcome=REFUSED), now)
            if last:
                await tell_locked(connection, now)
        raise ProblemError("sign_in_failed", "The address or the password is wrong.")
    async with desk.database.transaction() as connection:
        await forgive(connection, email)
        return await _begin(connection, desk, user, "password", old_token)


@asynccontextmanager
async def looking(desk: Desk, email: str, *, last: bool) -> AsyncIterator[None]:
    """Around the look at a password that was counted: where nobody came to look (429), it was no try."""
    try:
        yield
    except ProblemError:
        async with desk.database.transaction() as connection:
            await change(connection, UNCOUNT, {"email": stored(email), "last": last})
        raise


async def count_try(desk: Desk, email: str, now: int) -> bool:
    """One more look at the password of this address; whether it is the last one, which locks unless it is right and forgiven.

    Raises ProblemError 429 while it is locked; asking then changes nothing.
    """
    async with desk.database.transaction() as connection:
        await change(connection, "DELETE FROM sign_in_tries WHERE last_at < %s AND locked_until IS NULL", [now - LOCK_MS])
        await change(connection, "DELETE FROM sign_in_tries WHERE locked_until <= %s", [now])
        counted = await row(connection, COUNT, {"email": stored(email), "now": now, "window": LOCK_MS, "most": TRIES_MAX})
        assert counted is not None, "the statement returns its row"
    if counted["tries"] > TRIES_MAX:
        wait = max((counted["locked_until"] - now) // 1000, 1)
        detail = f"{TRIES_MAX} wrong tries lock the sign-in for {LOCK_MS // 60_000} minutes."
        raise ProblemError("sign_in_locked", detail, headers={"Retry-After": str(wait)})
    return bool(counted["tries"] == TRIES_MAX)


async def tell_locked(connection: Connection, now: int, actor: str = "anybody") -> None:
    """The last try was wrong: that it locked stands in the trail."""
    await tell(connection, Entry(actor=actor, action="sign_in.locked", outcome=REFUSED), now)


async def forgive(connection: Connection, email: str) -> None:
    """Who knew the password has made no wrong tries."""
    await change(connection, "DELETE FROM sign_in_tries WHERE email_hash = %s", [stored(email)])


async def by_provider(desk: Desk, claimed: Claimed, old_token: str | None) -> SignedIn:
    """A session for whom the provider vouches: a person that is linked to it, or one of its verified address, who is linked now.

    Raises ProblemError 401 for anybody else: people are made by an administrator, never by signing in.
    """
    now = desk.clock.now_ms()
    linked = "UPDATE users SET oidc_issuer = %s, oidc_subject = %s WHERE email = %s AND active AND oidc_subject IS NULL "
    async with desk.database.transaction() as connection:
        query = f"SELECT {USER} FROM users WHERE oidc_issuer = %s AND oidc_subject = %s AND active"
        user = await row(connection, query, [claimed.issuer, claimed.subject])
        if user is None and claimed.email is not None:
            user = await row(connection, f"{linked} RETURNING {USER}", [claimed.issuer, claimed.subject, claimed.email])
        if user is None:
            await tell(connection, Entry(actor="anybody", action="sign_in", outcome=REFUSED, detail={"by": "oidc"}), now)
            session = None
        else:
            session = await _begin(connection, desk, user, "oidc", old_token)
    if session is None:
        raise ProblemError("sign_in_failed", "Nobody here is known by that account; ask an administrator.")
    return session


async def _begin(connection: Connection, desk: Desk, user: Row, method: str, old_token: str | None) -> SignedIn:
    now, token, csrf, session_id = desk.clock.now_ms(), drawn(), drawn(), mint()
    expires = now + desk.session_ms
    if old_token is not None:
        await change(
            connection,
            "UPDATE sessions SET ended_at = %s WHERE token_hash = %s AND ended_at IS NULL",
            [now, stored(old_token)],
        )
    await change(connection, OVER, [now])
    await change(connection, SURPLUS, [now, user["id"], SESSIONS_MAX - 1])
    await change(
        connection,
        "INSERT INTO sessions (id, token_hash, csrf_hash, user_id, method, created_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [session_id, stored(token), stored(csrf), user["id"], method, now, expires],
    )
    actor = f"person:{user['id']}"
    await tell(connection, Entry(actor=actor, action="sign_in", subject=actor, detail={"by": method}), now)
    return SignedIn(token, csrf, expires, session_id, user)


async def sign_out(desk: Desk, actor: str, session_id: str) -> None:
    """End a session; a repeat changes nothing."""
    now = desk.clock.now_ms()
    async with desk.database.transaction() as connection:
        query = "UPDATE sessions SET ended_at = %s WHERE id = %s AND ended_at IS NULL"
        if await change(connection, query, [now, session_id]):
            await tell(connection, Entry(actor=actor, action="sign_out", subject=actor), now)

"""Endpoints, secrets, deliveries and attempts as the routes read and change them.

Owns these queries. Everything is asked for one merchant: what is another's is not there. Must not send.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from domain.webhooks import acts
from domain.webhooks.acts import ITSELF
from domain.webhooks.requests import EndpointChange, EndpointRequest, Selection
from domain.webhooks.signing import ROTATION_MS
from services.webhooks.act_book import note
from services.webhooks.database import Database, Link, Row
from services.webhooks.seal import Seal
from services.webhooks.subjects import Subjects

SECRETS_MAX = 5
"""Of one endpoint at a time; each is valid until 24 h after the next one."""
AGAIN_MAX = 100_000
"""Deliveries that one request sends again."""

ENDPOINT = (
    "id::text, merchant_id, url, description, types, status, disabled_reason, disabled_at, created_at, updated_at, failing_since, "
    "last_success_at"
)
DELIVERY = (
    "d.id::text, d.endpoint_id::text, d.merchant_id, d.subject, d.kind, d.version, d.ord, d.at, d.status, d.due_at, d.attempts, "
    "d.finished_at, d.last_code, d.last_error"
)
OWN = "WHERE id = %s AND merchant_id = %s AND status <> 'deleted'"
AGAIN_SET = "SET status = 'pending', due_at = %(now)s, tries = 0, claim = NULL, finished_at = NULL FROM endpoints e"
AGAIN_FROM = (
    "WHERE e.id = d.endpoint_id AND e.status = 'enabled' AND d.merchant_id = %(merchant)s AND d.status = ANY(%(statuses)s)"
)


class EndpointExistsError(Exception):
    """The merchant has an endpoint with this address; `str(error)` is its id."""


class TooManyError(Exception):
    """A limit is reached; `str(error)` says which."""


class Registry:
    """Every method raises one of `database.AWAY` while the database is away."""

    def __init__(self, database: Database, endpoints_max: int, seal: Seal, actor: str = ITSELF) -> None:
        """`endpoints_max` is the limit of one merchant; `seal` is for secrets; `actor` is whose acts these are."""
        self._database, self._endpoints_max, self._seal, self._actor = database, endpoints_max, seal, actor

    def by(self, actor: str) -> "Registry":
        """The same, for one who asks: what is changed by it is told the audit trail as theirs, in the change's own transaction."""
        return Registry(self._database, self._endpoints_max, self._seal, actor)

    async def ping(self) -> None:
        """Raises when the tables cannot be read."""
        await self._database.one("SELECT 1 AS one FROM endpoints LIMIT 1")

    async def is_merchant(self, merchant_id: str) -> bool:
        """Whether the views know the merchant as active."""
        query = self._database.in_views("SELECT 1 AS one FROM {views}.merchants WHERE id = %s AND active")
        return await self._database.one(query, [merchant_id]) is not None

    async def endpoints(self, merchant_id: str) -> list[Row]:
        """All of a merchant's endpoints, oldest first."""
        query = f"SELECT {ENDPOINT} FROM endpoints WHERE merchant_id = %s AND status <> 'deleted' ORDER BY id"
        return await self._database.all(query, [merchant_id])

    async def endpoint(self, merchant_id: str, endpoint_id: str) -> Row | None:
        """One endpoint."""
        return await self._database.one(f"SELECT {ENDPOINT} FROM endpoints {OWN}", [endpoint_id, merchant_id])

    async def secrets(self, endpoint_id: str, now: int) -> list[str]:
        """The valid secrets, newest first."""
        query = "SELECT secret FROM secrets WHERE endpoint_id = %s AND (expires_at IS NULL OR expires_at > %s) ORDER BY created_at DESC"
        rows = await self._database.all(query, [endpoint_id, now])
        return [self._seal.open(row["secret"], endpoint_id) for row in rows]

    async def create(self, merchant_id: str, endpoint_id: str, wanted: EndpointRequest, secret: str, now: int) -> Row:
        """A new endpoint. Raises EndpointExistsError for an address that is there, TooManyError."""
        try:
            async with self._database.transaction() as link:
                await link.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [merchant_id])
                count = await _one(
                    link, "SELECT count(*) AS n FROM endpoints WHERE merchant_id = %s AND status <> 'deleted'", [merchant_id]
                )
                if count is not None and count["n"] >= self._endpoints_max:
                    raise TooManyError(f"a merchant has at most {self._endpoints_max} endpoints")
                await _check_free(link, merchant_id, wanted.url, endpoint_id)
                made = await _one(
                    link,
                    "INSERT INTO endpoints (id, merchant_id, url, description, types, status, created_at, updated_at) "
                    f"VALUES (%s, %s, %s, %s, %s, 'enabled', %s, %s) RETURNING {ENDPOINT}",
                    [endpoint_id, merchant_id, wanted.url, wanted.description, list(wanted.types), now, now],
                )
                await self._add_secret(link, endpoint_id, secret, now)
                assert made is not None
                await self._note(link, acts.CREATED, made, now, acts.told(made))
        except psycopg.errors.UniqueViolation:
            raise EndpointExistsError(await self._holder(merchant_id, wanted.url)) from None
        assert made is not None
        return made

    async def change(self, merchant_id: str, endpoint_id: str, wanted: EndpointChange, now: int) -> Row | None:
        """The endpoint after the change, or None for none. Enabling one forgets why it was disabled. Raises EndpointExistsError."""
        sets, arguments = ["updated_at = %s"], [now]  # type: list[str], list[Any]
        for name, value in (("url", wanted.url), ("types", None if wanted.types is None else list(wanted.types))):
            if value is not None:
                sets.append(f"{name} = %s")
                arguments.append(value)
        if wanted.description is not None:
            sets.append("description = nullif(%s, '')")
            arguments.append(wanted.description)
        if wanted.enabled is True:
            sets.append("status = 'enabled', disabled_reason = NULL, disabled_at = NULL, failing_since = NULL")
        if wanted.enabled is False:
            sets.append("status = 'disabled', disabled_reason = coalesce(disabled_reason, 'switched_off')")
            sets.append("disabled_at = coalesce(disabled_at, %s)")
            arguments.append(now)
        query = f"UPDATE endpoints SET {', '.join(sets)} {OWN} RETURNING {ENDPOINT}"
        try:
            async with self._database.transaction() as link:
                before = await _one(link, f"SELECT {ENDPOINT} FROM endpoints {OWN} FOR UPDATE", [endpoint_id, merchant_id])
                if before is not None and wanted.url is not None:
                    await _check_free(link, merchant_id, wanted.url, endpoint_id)
                after = await _one(link, query, [*arguments, endpoint_id, merchant_id])
                if before is not None and after is not None and (detail := acts.changed(before, after)) is not None:
                    await self._note(link, acts.CHANGED, after, now, detail)
        except psycopg.errors.UniqueViolation:
            raise EndpointExistsError(await self._holder(merchant_id, wanted.url or "")) from None
        return after

    async def delete(self, merchant_id: str, endpoint_id: str, now: int) -> bool:
        """Whether there was one. What it had pending is canceled; what it got stays listed."""
        async with self._database.transaction() as link:
            gone = await _one(
                link,
                f"UPDATE endpoints SET status = 'deleted', updated_at = %s {OWN} RETURNING {ENDPOINT}",
                [now, endpoint_id, merchant_id],
            )
            if gone is None:
                return False
            await self._note(link, acts.DELETED, gone, now, {"host": acts.host_of(gone["url"])})
            await link.execute("DELETE FROM secrets WHERE endpoint_id = %s", [endpoint_id])
            await link.execute(
                "UPDATE deliveries SET status = 'canceled', claim = NULL, finished_at = %s WHERE endpoint_id = %s AND status = 'pending'",
                [now, endpoint_id],
            )
        return True

    async def rotate(self, merchant_id: str, endpoint_id: str, secret: str, now: int) -> int | None:
        """Until when (ms UTC) the secret before stays valid; None for no such endpoint. Raises TooManyError (WHK-05)."""
        async with self._database.transaction() as link:
            found = await _one(link, f"SELECT {ENDPOINT} FROM endpoints {OWN} FOR UPDATE", [endpoint_id, merchant_id])
            if found is None:
                return None
            live = await _one(
                link,
                "SELECT count(*) AS n FROM secrets WHERE endpoint_id = %s AND (expires_at IS NULL OR expires_at > %s)",
                [endpoint_id, now],
            )
            if live is not None and live["n"] >= SECRETS_MAX:
                raise TooManyError(f"{SECRETS_MAX} secrets are valid at once; wait until one has expired")
            expires_at = now + ROTATION_MS
            await link.execute(
                "UPDATE secrets SET expires_at = %s WHERE endpoint_id = %s AND expires_at IS NULL", [expires_at, endpoint_id]
            )
            await self._add_secret(link, endpoint_id, secret, now)
            await self._note(link, acts.ROTATED, found, now, {"previous_valid_until": expires_at})
        return expires_at

    async def tested(self, merchant_id: str, endpoint_id: str | None, url: str, now: int) -> None:
        """Note that a test is sent, before it is: to a saved endpoint, or to an address that nobody has saved (None)."""
        subject = "webhook:unsaved" if endpoint_id is None else acts.subject_of(endpoint_id)
        async with self._database.transaction() as link:
            await note(link, self._actor, acts.TESTED, subject, merchant_id, now, {"host": acts.host_of(url)})

    async def deliveries(self, conditions: Sequence[str], arguments: Sequence[Any], limit: int) -> list[Row]:
        """A page of deliveries, newest first, and one more if there are more. Conditions are our own text."""
        query = f"SELECT {DELIVERY} FROM deliveries d WHERE {' AND '.join(conditions)} ORDER BY d.id DESC LIMIT %s"
        return await self._database.all(query, [*arguments, limit + 1])

    async def delivery(self, merchant_id: str, delivery_id: str) -> Row | None:
        """One delivery, with what its event said, without the payee (SEC-07)."""
        query = f"SELECT {DELIVERY}, d.own FROM deliveries d WHERE d.id = %s AND d.merchant_id = %s"
        row = await self._database.one(query, [delivery_id, merchant_id])
        if row is not None:
            row["own"] = await Subjects(self._database).own_of(row["subject"], msgspec.json.decode(row["own"]))
        return row

    async def attempts(self, delivery_id: str) -> list[Row]:
        """The tries of a delivery in order, with answers."""
        query = "SELECT number, at, duration_ms, code, error, answer FROM attempts WHERE delivery_id = %s ORDER BY number LIMIT 1000"
        return await self._database.all(query, [delivery_id])

    async def send_again(self, merchant_id: str, chosen: Selection, now: int) -> list[str]:
        """Ids of the deliveries that are pending again; those stay, and their schedule begins anew (WHK-04).

        What is pending already is left alone, and so is what belongs to an endpoint that is not enabled. Raises TooManyError.
        """
        conditions = ["d.id = ANY(%(ids)s::uuid[])"] if chosen.ids else ["d.at >= %(start)s AND d.at < %(end)s"]
        if chosen.webhook_id is not None:
            conditions.append("d.endpoint_id = %(endpoint)s")
        named = {
            "ids": list(chosen.ids),
            "start": chosen.start,
            "end": chosen.end,
            "endpoint": chosen.webhook_id,
            "merchant": merchant_id,
            "now": now,
            "statuses": list(chosen.statuses),
        }
        where = f"{AGAIN_FROM} AND {' AND '.join(conditions)}"
        async with self._database.transaction() as link:
            count = await _one(link, f"SELECT count(*) AS n FROM endpoints e, deliveries d {where}", named)
            if count is not None and count["n"] > AGAIN_MAX:
                raise TooManyError(
                    f"{count['n']} deliveries match, at most {AGAIN_MAX} are sent again at once; name a shorter range"
                )
            rows = await (
                await link.execute(f"UPDATE deliveries d {AGAIN_SET} {where} RETURNING d.id::text", named)
            ).fetchall()
            if rows:
                await note(link, self._actor, acts.SENT_AGAIN, *_again_of(chosen, merchant_id, now, len(rows)))
        return [row["id"] for row in rows]

    async def known(self, merchant_id: str, ids: Sequence[str]) -> dict[str, str]:
        """Which of these deliveries the merchant has, and in which state the endpoint of each is."""
        query = (
            "SELECT d.id::text, e.status FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id "
            "WHERE d.merchant_id = %s AND d.id = ANY(%s::uuid[])"
        )
        return {row["id"]: row["status"] for row in await self._database.all(query, [merchant_id, list(ids)])}

    async def _add_secret(self, link: Link, endpoint_id: str, secret: str, now: int) -> None:
        sealed = self._seal.close(secret, endpoint_id)
        await link.execute("INSERT INTO secrets VALUES (%s, %s, %s, NULL)", [endpoint_id, now, sealed])

    async def _note(self, link: Link, action: str, row: Row, now: int, detail: Mapping[str, Any]) -> None:
        await note(link, self._actor, action, acts.subject_of(row["id"]), row["merchant_id"], now, detail)

    async def _holder(self, merchant_id: str, url: str) -> str:
        query = "SELECT id::text FROM endpoints WHERE merchant_id = %s AND url = %s AND status <> 'deleted'"
        row = await self._database.one(query, [merchant_id, url])
        return row["id"] if row else ""


def _again_of(chosen: Selection, merchant_id: str, now: int, count: int) -> tuple[str, str, int, dict[str, Any]]:
    """Subject, merchant, time and detail of sending again."""
    if chosen.webhook_id is not None:
        subject = acts.subject_of(chosen.webhook_id)
    else:
        subject = f"delivery:{chosen.ids[0]}" if len(chosen.ids) == 1 else "deliveries"
    span = {} if chosen.ids else {"from": chosen.start, "to": chosen.end}
    return subject, merchant_id, now, {"count": count, **span}


async def _check_free(link: Link, merchant_id: str, url: str, endpoint_id: str) -> None:
    """EndpointExistsError for an address that another has; the database's own log would tell it of a violation (SEC-08)."""
    query = "SELECT id::text FROM endpoints WHERE merchant_id = %s AND url = %s AND status <> 'deleted' AND id <> %s"
    holder = await _one(link, query, [merchant_id, url, endpoint_id])
    if holder is not None:
        raise EndpointExistsError(holder["id"])


async def _one(link: Link, query: str, arguments: Sequence[Any] | dict[str, Any]) -> Row | None:
    return await (await link.execute(query, arguments)).fetchone()

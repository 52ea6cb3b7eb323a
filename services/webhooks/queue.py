"""The queue in SQL: which deliveries are due, taking them, and writing down what came of them.

Owns order and safety. Of one payout and endpoint only the oldest pending delivery is ever taken; a taken one comes back by itself when its
taker dies, because taking it only moves its due time behind a lease; and an outcome counts only for who holds it. Must not send.

What is pending has two small indexes, and a plan that goes through one of them whole reads every delivery that waits, also those of a dead
endpoint. So a delivery that is known is found by a list of ids, whatever it is joined with, and said to be pending by `finished_at IS
NULL`, which neither index offers; one that is looked for is looked for per endpoint or payout, in the order of the index that is meant; and
connections are `database.BY_INDEX`. Then no statistics, and no plan kept from when the table was empty, can choose badly.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from domain.webhooks.payload import Letter
from services.webhooks.database import Database, Link, Row
from services.webhooks.judgement import Disabled, judge
from services.webhooks.seal import Seal

SOON_MS = 200
"""When a delivery is looked at again that waits for one before it; the end of that one also wakes it."""

DUE = (
    "SELECT id::text, merchant_id, url, failing_since FROM endpoints e CROSS JOIN LATERAL (SELECT 1 FROM deliveries d "
    "WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.due_at <= %s ORDER BY d.due_at LIMIT 1) due WHERE e.status = 'enabled'"
)
SECRETS = (
    "SELECT e.url, array(SELECT s.secret FROM secrets s WHERE s.endpoint_id = e.id AND (s.expires_at IS NULL OR s.expires_at > %(now)s) "
    "ORDER BY s.created_at DESC) AS secrets FROM endpoints e WHERE e.id = %(endpoint)s AND e.status = 'enabled'"
)
TAKE = """
WITH due AS MATERIALIZED (
    SELECT id, subject, ord FROM deliveries
    WHERE endpoint_id = %(endpoint)s AND status = 'pending' AND due_at <= %(now)s
    ORDER BY due_at, ord LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT due.id, ahead.due_at AS ahead_due, ahead.claim AS ahead_claim FROM due LEFT JOIN LATERAL (
        SELECT b.due_at, b.claim FROM deliveries b
        WHERE b.endpoint_id = %(endpoint)s AND b.subject = due.subject AND b.status = 'pending' AND b.ord < due.ord
        ORDER BY b.ord LIMIT 1
    ) ahead ON true
)
UPDATE deliveries d SET
    claim = CASE WHEN judged.ahead_due IS NULL THEN %(claim)s END,
    due_at = CASE
        WHEN judged.ahead_due IS NULL THEN %(lease)s
        WHEN judged.ahead_claim IS NOT NULL THEN %(soon)s
        ELSE greatest(judged.ahead_due, %(soon)s)
    END
FROM judged WHERE d.id = judged.id AND d.id = ANY(ARRAY(SELECT id FROM due))
RETURNING d.id::text, d.claim, d.merchant_id, d.subject, d.kind, d.version, d.ord, d.at, d.own, d.tries
"""
PUT_OFF = "UPDATE deliveries SET claim = NULL, due_at = %s WHERE id = ANY(%s::uuid[]) AND claim = %s AND finished_at IS NULL"
FINISH = """
UPDATE deliveries d SET status = r.status, due_at = r.due_at, claim = NULL, attempts = d.attempts + 1, tries = d.tries + 1,
    finished_at = r.finished_at, last_code = r.code, last_error = r.error
FROM json_to_recordset(%(results)s) AS r(id uuid, claim text, status text, due_at bigint, finished_at bigint, code int, error text)
WHERE d.id = r.id AND d.id = ANY(%(ids)s::uuid[]) AND d.claim = r.claim AND d.finished_at IS NULL
RETURNING d.id::text, d.attempts, d.endpoint_id::text, d.subject, d.status
"""
ATTEMPTS = (
    "INSERT INTO attempts SELECT * FROM json_to_recordset(%s) AS "
    "a(delivery_id uuid, number int, at bigint, duration_ms int, code int, error text, answer text) ON CONFLICT DO NOTHING"
)
WAKE_NEXT = """
UPDATE deliveries SET due_at = %(now)s WHERE id = ANY(ARRAY(
    SELECT next.id FROM json_to_recordset(%(ended)s) AS f(endpoint_id uuid, subject text) CROSS JOIN LATERAL (
        SELECT id FROM deliveries WHERE endpoint_id = f.endpoint_id AND subject = f.subject AND status = 'pending' ORDER BY ord LIMIT 1
    ) next
)) AND claim IS NULL AND due_at > %(now)s AND tries = 0
"""


class Endpoint(Struct, frozen=True):
    """An endpoint that something is due for."""

    id: str
    merchant_id: str
    url: str
    failing_since: int | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """What one look took: letters that are ours until the lease ends, the address and valid secrets as they are now.

    `looked_at` also counts those that wait for one before them. `url` is None for an endpoint that is no longer enabled.
    """

    letters: Sequence[Letter]
    claim: str
    url: str | None
    secrets: Sequence[str]
    looked_at: int


class Result(Struct, frozen=True, kw_only=True):
    """What came of one try, and what follows: `status` delivered, failed, or pending and due again at `due_at`."""

    delivery_id: str
    endpoint_id: str
    claim: str
    status: str
    due_at: int
    finished_at: int | None
    at: int
    duration_ms: int
    good: bool
    gone: bool = False
    code: int | None = None
    error: str | None = None
    answer: str | None = None


class Queue:
    """Deliveries in SQL. Every method raises one of `database.AWAY` while the database is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """The database is opened and closed by its owner; `seal` opens secrets."""
        self._database, self._seal = database, seal

    async def endpoints_due(self, now: int) -> list[Endpoint]:
        """Enabled endpoints for which something is due; one look into an index for each endpoint."""
        return [Endpoint(**row) for row in await self._database.all(DUE, [now])]

    async def take(self, endpoint_id: str, claim: str, now: int, *, limit: int, lease_ms: int) -> Taken:
        """Take up to `limit` due deliveries, of each subject only the oldest. Two takers never get the same one.

        Raises SealedOtherwiseError, and takes none: nothing goes out unsigned.
        """
        times = {"now": now, "lease": now + lease_ms, "soon": now + SOON_MS}
        async with self._database.transaction() as link:
            found = await _rows(link, SECRETS, {"endpoint": endpoint_id, "now": now})
            if not found:
                return Taken(letters=(), claim=claim, url=None, secrets=(), looked_at=0)
            secrets = [self._seal.open(text, endpoint_id) for text in found[0]["secrets"]]
            rows = await _rows(link, TAKE, {"endpoint": endpoint_id, "claim": claim, "limit": limit, **times})
        letters = [_letter(row) for row in rows if row["claim"] is not None]
        return Taken(letters=letters, claim=claim, url=found[0]["url"], secrets=secrets, looked_at=len(rows))

    async def put_off(self, ids: Sequence[str], claim: str, due_at: int) -> None:
        """Give deliveries back untried."""
        await self._database.all(PUT_OFF, [due_at, list(ids), claim])

    async def write(self, results: Sequence[Result], now: int) -> list[Disabled]:
        """Write what came of tries, all or nothing; returns endpoints that are disabled by it, with why. A repeat counts once."""
        async with self._database.transaction() as link:
            rows = [_finish_row(result) for result in results]
            ended = await _rows(link, FINISH, {"results": _json(rows), "ids": [row["id"] for row in rows]})
            attempts = {row["id"]: row["attempts"] for row in ended}
            kept = [result for result in results if result.delivery_id in attempts]
            await link.execute(ATTEMPTS, [_json([_attempt_row(one, attempts[one.delivery_id]) for one in kept])])
            done = [{"endpoint_id": r["endpoint_id"], "subject": r["subject"]} for r in ended if r["status"] != "pending"]
            if done:
                await link.execute(WAKE_NEXT, {"now": now, "ended": _json(done)})
            return await _judge_endpoints(link, kept, now)


async def _judge_endpoints(link: Link, results: Sequence[Result], now: int) -> list[Disabled]:
    well = {result.endpoint_id for result in results if result.good}
    ailing = {result.endpoint_id for result in results} - well
    return await judge(link, well, ailing, {result.endpoint_id for result in results if result.gone}, now)


async def _rows(link: Link, query: str, arguments: Any) -> list[Row]:
    return await (await link.execute(query, arguments)).fetchall()


def _letter(row: Row) -> Letter:
    return Letter(
        id=row["id"],
        merchant_id=row["merchant_id"],
        subject=row["subject"],
        kind=row["kind"],
        version=row["version"],
        order=row["ord"],
        at=row["at"],
        own=msgspec.json.decode(row["own"]),
        tries=row["tries"],
    )


def _finish_row(result: Result) -> dict[str, object]:
    return {
        "id": result.delivery_id,
        "claim": result.claim,
        "status": result.status,
        "due_at": result.due_at,
        "finished_at": result.finished_at,
        "code": result.code,
        "error": result.error,
    }


def _attempt_row(result: Result, number: int) -> dict[str, object]:
    return {
        "delivery_id": result.delivery_id,
        "number": number,
        "at": result.at,
        "duration_ms": result.duration_ms,
        "code": result.code,
        "error": result.error,
        "answer": result.answer,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

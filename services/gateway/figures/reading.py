"""The queries behind figures (CON-01, CON-07, CON-20): small tables that the projector keeps with the rows they count.

Owns SQL; payouts under way are counted where they stand. A merchant of None is every merchant. Sums are numeric, so they come as Decimal
and leave as int. Must not know HTTP.
"""

from collections.abc import Sequence
from typing import Any, Protocol

Row = dict[str, Any]

ALONE = (
    "batch_id IS NULL AND completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL "
    "AND reason IS DISTINCT FROM 'insufficient_funds'"
)
"""The condition of the index `payouts_alone`, word for word."""

UNDER_WAY = f"""
SELECT currency, status, '' AS reason, sum(count)::bigint AS count, sum(amount_minor) AS amount_minor FROM row_states
WHERE status IN ('pending', 'processing', 'requires_action') AND merchant_id = coalesce(%(merchant)s, merchant_id) GROUP BY 1, 2
UNION ALL
SELECT t.currency, 'pending', 'open', sum(t.count)::bigint, sum(t.amount_minor) FROM batches b
JOIN batch_totals t ON t.batch_id = b.id AND t.status = 'pending'
WHERE b.phase = 'open' AND b.merchant_id = coalesce(%(merchant)s, b.merchant_id) GROUP BY 1
UNION ALL
SELECT currency, 'pending', 'rows', count(*), sum(amount_minor) FROM payouts
WHERE batch_id IS NOT NULL AND reason = 'funds' AND merchant_id = coalesce(%(merchant)s, merchant_id) GROUP BY 1
UNION ALL
SELECT currency, status, coalesce(reason, ''), count(*), sum(amount_minor) FROM payouts
WHERE {ALONE} AND merchant_id = coalesce(%(merchant)s, merchant_id) GROUP BY 1, 2, 3
"""
"""One statement, so one moment. `open` are rows of unsealed batches and `rows` such as wait for funds: the first part counts both, as
pending."""

COUNTED = """
SELECT word, currency, sum(count)::bigint AS count, sum(amount_minor) AS amount_minor FROM payout_figures
WHERE starts_at >= %(start)s AND word = ANY(%(words)s) AND (word <> 'failed' OR code = '')
AND merchant_id = coalesce(%(merchant)s, merchant_id) GROUP BY 1, 2
"""

ENDED = """
SELECT status, sum(count)::bigint AS count FROM row_states
WHERE status NOT IN ('pending', 'processing', 'requires_action') AND merchant_id = coalesce(%(merchant)s, merchant_id) GROUP BY 1
"""

KINDS_OF_BATCHES = """
SELECT b.phase, t.states, b.waiting_rows > 0 AS waits, count(*) AS count FROM batches b LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT status ORDER BY status) AS states FROM batch_totals WHERE batch_id = b.id AND count > 0
) t ON true WHERE b.merchant_id = coalesce(%(merchant)s, b.merchant_id) GROUP BY 1, 2, 3
"""
"""Batches alike: in the same phase, with rows in the same states. What that means is the law's to say."""

UNKNOWN_ALONE = f"""
SELECT id::text, merchant_id, reference, currency, amount_minor, reason, failure_reason, updated_at FROM payouts
WHERE {ALONE} AND status = 'requires_action' AND merchant_id = coalesce(%(merchant)s, merchant_id) ORDER BY updated_at, id LIMIT %(limit)s
"""

FAILED_ALONE = """
SELECT id::text, merchant_id, reference, currency, amount_minor, failure_code, failure_reason, failed_at FROM payouts
WHERE batch_id IS NULL AND failed_at IS NOT NULL AND failed_at >= %(start)s AND merchant_id = coalesce(%(merchant)s, merchant_id)
ORDER BY failed_at DESC LIMIT %(limit)s
"""

_BUCKET = "(extract(epoch FROM date_trunc(%(step)s, to_timestamp(starts_at / 1000.0), %(zone)s)) * 1000)::bigint"
_RANGE = "starts_at >= %(start)s AND starts_at < %(end)s AND merchant_id = coalesce(%(merchant)s, merchant_id)"
_PROVIDER = "AND (%(provider)s::text IS NULL OR provider = %(provider)s)"

VOLUME = f"""
SELECT {_BUCKET} AS starts_at, word, currency, sum(count)::bigint AS count, sum(amount_minor) AS amount_minor FROM payout_figures
WHERE {_RANGE} {_PROVIDER} AND (%(currency)s::text IS NULL OR currency = %(currency)s) AND (word <> 'failed' OR code = '')
GROUP BY 1, 2, 3 ORDER BY 1
"""
CODES = f"""
SELECT word, provider, code, sum(count)::bigint AS count FROM payout_figures
WHERE {_RANGE} {_PROVIDER} AND word IN ('failed', 'unknown') AND code <> '' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3, 2 LIMIT 200
"""
TIMES = f"""
SELECT {_BUCKET} AS starts_at, within_seconds, sum(count)::bigint AS count FROM paid_times WHERE {_RANGE} {_PROVIDER} GROUP BY 1, 2
"""
PROVIDERS = f"SELECT DISTINCT provider FROM payout_figures WHERE {_RANGE} AND provider <> '' ORDER BY 1"
FIRST = "SELECT min(starts_at) AS starts_at FROM payout_figures WHERE merchant_id = coalesce(%(merchant)s, merchant_id)"


class Asks(Protocol):
    """What is asked of the store. Raises ProblemError 503 while the database is away."""

    async def all(self, query: str, arguments: Any = ()) -> list[Row]:
        """All rows of a query."""


async def rows(store: Asks, query: str, merchant: str | None, **arguments: object) -> list[Row]:
    """What a query finds for a merchant, its sums as int."""
    found = await store.all(query, {"merchant": merchant, **arguments})
    return [{**row, "amount_minor": int(row["amount_minor"])} if "amount_minor" in row else row for row in found]


def cells(found: Sequence[Row]) -> list[tuple[str, int, int]]:
    """Currency, count and sum of rows."""
    return [(row["currency"], row["count"], row["amount_minor"]) for row in found]

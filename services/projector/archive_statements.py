"""The archive's SQL, unqualified: the connection's search_path names the schema (ADR 0014).

Owns how rows go into the archive and come back. What is unfinished never goes; rows of a batch that is still open are pending.
"""

from services.projector.statements import CHANGE, HEAD, STATE

_PAYOUT = f"{HEAD}, {STATE}, expected_settlement_date, returned_at, settled_at"
_MONTH = "FROM payouts WHERE id >= %(low)s AND id < %(high)s"
_UNFINISHED = "status IN ('pending', 'processing', 'requires_action')"

FIRST_PAYOUT = "SELECT id::text FROM payouts WHERE id >= %s AND id < %s ORDER BY id LIMIT 1"
COUNT_PAYOUTS = f"SELECT count(*) {_MONTH}"
UNFINISHED = f"SELECT id::text, status, count(*) OVER () {_MONTH} AND {_UNFINISHED} ORDER BY id LIMIT 1"
LOCK_FINISHED = f"""
SELECT id::text {_MONTH} AND id > %(after)s AND NOT {_UNFINISHED} ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""

_MARK = """
ON CONFLICT (partition) DO UPDATE SET last_id = GREATEST(archive_marks.last_id, excluded.last_id),
    last_offset = GREATEST(archive_marks.last_offset, excluded.last_offset)
"""

ARCHIVE_PAYOUTS = f"""
WITH gone AS (DELETE FROM payouts WHERE id = ANY(%(ids)s::uuid[]) RETURNING *),
kept AS (INSERT INTO archived_payouts ({_PAYOUT}) SELECT {_PAYOUT} FROM gone),
held AS (
    INSERT INTO archived_references SELECT g.merchant_id, g.reference, g.id FROM gone g LEFT JOIN batches b ON b.id = g.batch_id
    WHERE g.reference IS NOT NULL AND g.status <> 'rejected' AND (b.phase IS NULL OR b.phase = 'released')
    ON CONFLICT DO NOTHING
)
INSERT INTO archive_marks (partition, last_id, last_offset) SELECT partition, %(last)s, -1 FROM gone GROUP BY partition {_MARK}
"""
"""A reference is free again when its payout was rejected or its batch did not go through, as in the processor's look-up."""

ARCHIVE_CHANGES = f"""
WITH gone AS (DELETE FROM payout_changes WHERE payout_id = ANY(%(ids)s::uuid[]) RETURNING *),
kept AS (INSERT INTO archived_changes ({CHANGE}) SELECT {CHANGE} FROM gone)
INSERT INTO archive_marks (partition, last_id, last_offset)
SELECT partition, %(last)s, max("offset") FROM gone GROUP BY partition {_MARK}
"""

BRING_BACK = f"""
WITH back AS (DELETE FROM archived_payouts a USING payout_moves m WHERE a.id = m.id RETURNING a.*)
INSERT INTO payouts ({_PAYOUT}) SELECT {_PAYOUT} FROM back
"""
"""What a transaction of the projector changes is hot again; its earlier changes and its reference may stay where they are."""

"""The projector's SQL, unqualified: the connection's search_path names the schema.

Owns how each kind of row is written. Small tables take their rows as one JSON parameter. No clock, no sequence, nothing that depends on
where a transaction was cut: a rebuild gives the same bytes (RUN-25).
"""

from typing import LiteralString, NamedTuple

from services.projector.moves import COLUMNS

PREPARE = """
CREATE TEMP TABLE IF NOT EXISTS payout_moves (
    id uuid, expects integer, version integer, status text, reason text, updated_at bigint, due_at bigint, failure_code text,
    failure_reason text, provider text, attempt_count integer, inquiry_count integer,
    processing_started_at bigint, completed_at bigint, failed_at bigint, canceled_at bigint, bank_reference_id text
) ON COMMIT DELETE ROWS
"""
"""Where moves wait for their UPDATE; one per connection, empty between transactions."""

SESSION = "SELECT set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)"
"""All joins here are few staged rows against a primary key: without statistics the planner might read the whole table instead."""

BUILD = "SELECT set_config('synchronous_commit', 'off', false)"
"""Views beside the live ones are begun anew after a crash: no transaction of theirs waits for the disk. That of the switch does, and all
before it are then safe too."""

CLAIM = """
UPDATE projection_offsets SET next_offset = %s, next_source = %s, last_at = %s
WHERE partition = %s AND next_offset = %s AND next_source = %s
"""
"""The compare-and-set that comes first in every transaction: no row means that somebody else was here."""

FIRST_POSITION = "INSERT INTO projection_offsets VALUES (%s, 0, 0, 0) ON CONFLICT DO NOTHING"
POSITION = "SELECT next_offset, next_source FROM projection_offsets WHERE partition = %s"

HEAD = (
    "id, merchant_id, partition, batch_id, row_number, reference, idempotency_key, created_at, amount_minor, currency, "
    "fee_minor, recipient, bank_account_id, description"
)
STATE = ", ".join(COLUMNS)
CHANGE = (
    'partition, "offset", idx, payout_id, merchant_id, batch_id, version, status, reason, attempt_count, inquiry_count, due_at, '
    "failure_code, failure_reason, bank_reference_id, at, actor, command_id"
)

ENTRY = (
    'partition, "offset", leg, merchant_id, account, currency, amount_minor, entry_type, payout_id, batch_id, payout_count, '
    "created_at"
)


class Into(NamedTuple):
    """The two ways of rows into a table: many lines by COPY, which is two round trips, and a few by an INSERT each."""

    copy: LiteralString
    insert: LiteralString


def _into(table: LiteralString, columns: LiteralString) -> Into:
    places = ", ".join(["%s"] * len(columns.split(",")))
    return Into(f"COPY {table} ({columns}) FROM STDIN", f"INSERT INTO {table} ({columns}) VALUES ({places})")


PAYOUTS = _into("payouts", f"{HEAD}, {STATE}")
MOVES = _into("payout_moves", f"id, expects, {STATE}")
CHANGES = _into("payout_changes", CHANGE)
ENTRIES = _into("ledger_entries", ENTRY)

MOVE = """
UPDATE payouts p SET
    version = m.version, status = m.status, reason = m.reason, updated_at = m.updated_at, due_at = m.due_at,
    failure_code = m.failure_code, failure_reason = m.failure_reason,
    provider = COALESCE(m.provider, p.provider),
    attempt_count = COALESCE(m.attempt_count, p.attempt_count),
    inquiry_count = COALESCE(m.inquiry_count, p.inquiry_count),
    bank_reference_id = COALESCE(m.bank_reference_id, p.bank_reference_id),
    processing_started_at = COALESCE(p.processing_started_at, m.processing_started_at),
    completed_at = COALESCE(m.completed_at, p.completed_at),
    failed_at = COALESCE(m.failed_at, p.failed_at),
    canceled_at = COALESCE(m.canceled_at, p.canceled_at)
FROM payout_moves m WHERE p.id = m.id AND p.version = m.expects
"""

_CHANGED = f"""
INSERT INTO payout_changes ({CHANGE})
SELECT %(partition)s, %(offset)s, idx, id, merchant_id, batch_id, version, status, reason, attempt_count, inquiry_count, due_at,
    failure_code, failure_reason, bank_reference_id, updated_at, %(actor)s, %(command_id)s
FROM changed
"""

EDIT = f"""
WITH changed AS (
    UPDATE payouts SET amount_minor = %(amount_minor)s, currency = %(currency)s, recipient = %(recipient)s,
        bank_account_id = %(bank_account_id)s, description = %(description)s, version = %(version)s, updated_at = %(at)s
    WHERE id = %(payout_id)s AND version = %(version)s - 1
    RETURNING *, %(idx)s::integer AS idx
) {_CHANGED}
"""

FUND = f"""
WITH changed AS (
    UPDATE payouts p SET reason = f.reason, due_at = CASE WHEN f.reason = 'schedule' THEN p.due_at END,
        version = f.version, updated_at = %(at)s
    FROM json_to_recordset(%(payouts)s) AS f (idx integer, payout_id uuid, version integer, reason text)
    WHERE p.id = f.payout_id AND p.version = f.version - 1
    RETURNING p.*, f.idx
) {_CHANGED}
"""

_IN_ROW_ORDER = "changed AS (SELECT *, %(first_idx)s + row_number() OVER (ORDER BY row_number) - 1 AS idx FROM moved)"
"""The rows that a statement has changed as `moved`, numbered."""

ROW_REASON = f"""
WITH moved AS (
    UPDATE payouts SET reason = %(after)s, version = version + 1, updated_at = %(at)s
    WHERE id BETWEEN %(lowest)s AND %(highest)s AND batch_id = %(batch_id)s AND currency = %(currency)s
        AND status = 'pending' AND reason IS NOT DISTINCT FROM %(before)s
    RETURNING *
), {_IN_ROW_ORDER} {_CHANGED}
"""

CANCEL_ROWS = f"""
WITH moved AS (
    UPDATE payouts SET status = 'canceled', reason = NULL, due_at = NULL, version = version + 1, failure_code = %(code)s,
        failure_reason = %(detail)s, updated_at = %(at)s, canceled_at = %(at)s
    WHERE id BETWEEN %(lowest)s AND %(highest)s AND batch_id = %(batch_id)s AND status = 'pending'
    RETURNING *
), {_IN_ROW_ORDER} {_CHANGED}
"""

BALANCES = """
INSERT INTO balances AS b (merchant_id, currency, account, balance_minor, entry_count, partition, last_offset)
SELECT * FROM json_to_recordset(%s) AS r (
    merchant_id text, currency text, account text, balance_minor bigint, entry_count bigint, partition integer, last_offset bigint)
ON CONFLICT (merchant_id, currency, account) DO UPDATE SET balance_minor = b.balance_minor + excluded.balance_minor,
    entry_count = b.entry_count + excluded.entry_count, last_offset = excluded.last_offset
"""

TOTALS = """
INSERT INTO batch_totals AS t (batch_id, currency, status, count, amount_minor)
SELECT * FROM json_to_recordset(%s) AS r (batch_id uuid, currency text, status text, count bigint, amount_minor bigint)
ON CONFLICT (batch_id, currency, status) DO UPDATE SET count = t.count + excluded.count,
    amount_minor = t.amount_minor + excluded.amount_minor
"""

FIGURES = """
INSERT INTO payout_figures AS f (merchant_id, starts_at, word, provider, currency, code, count, amount_minor)
SELECT * FROM json_to_recordset(%s) AS r (
    merchant_id text, starts_at bigint, word text, provider text, currency text, code text, count bigint, amount_minor numeric)
ON CONFLICT (merchant_id, starts_at, word, provider, currency, code) DO UPDATE SET count = f.count + excluded.count,
    amount_minor = f.amount_minor + excluded.amount_minor
"""

PAID_TIMES = """
INSERT INTO paid_times AS t (merchant_id, starts_at, provider, within_seconds, count)
SELECT * FROM json_to_recordset(%s) AS r (
    merchant_id text, starts_at bigint, provider text, within_seconds integer, count bigint)
ON CONFLICT (merchant_id, starts_at, provider, within_seconds) DO UPDATE SET count = t.count + excluded.count
"""

ROW_STATES = """
INSERT INTO row_states AS s (merchant_id, currency, status, count, amount_minor)
SELECT * FROM json_to_recordset(%s) AS r (merchant_id text, currency text, status text, count bigint, amount_minor numeric)
ON CONFLICT (merchant_id, currency, status) DO UPDATE SET count = s.count + excluded.count,
    amount_minor = s.amount_minor + excluded.amount_minor
"""

NEW_BATCHES = """
INSERT INTO batches (id, merchant_id, partition, created_at, updated_at, phase, name, reference, funding, on_row_failure, source,
    submit, idempotency_key, declaration, row_count, sums_minor, last_offset, version)
SELECT id, merchant_id, partition, created_at, created_at, 'open', name, reference, funding, on_row_failure, source, submit,
    idempotency_key, declaration, 0, '{}', 0, 0
FROM json_to_recordset(%s) AS r (
    id uuid, merchant_id text, partition integer, created_at bigint, name text, reference text, funding text, on_row_failure text,
    source text, submit boolean, idempotency_key text, declaration text)
"""

BATCHES = """
UPDATE batches b SET updated_at = r.updated_at, last_offset = r.last_offset, phase = COALESCE(r.phase, b.phase),
    row_count = COALESCE(r.row_count, b.row_count), refusal_code = COALESCE(r.refusal_code, b.refusal_code),
    refusal_detail = COALESCE(r.refusal_detail, b.refusal_detail), released_at = COALESCE(r.released_at, b.released_at),
    stopped_at = COALESCE(r.stopped_at, b.stopped_at), waiting_rows = b.waiting_rows + r.waiting,
    version = b.version + r.advanced, refused_rows = COALESCE(r.refused_rows, b.refused_rows),
    sums_minor = CASE WHEN r.added::text = '{}' THEN b.sums_minor ELSE (
        SELECT '{' || string_agg(to_json(key)::text || ':' || total::text, ',' ORDER BY key COLLATE "C") || '}'
        FROM (SELECT key, sum(value::bigint) AS total FROM (
            SELECT * FROM json_each_text(b.sums_minor::json) UNION ALL SELECT * FROM json_each_text(r.added)
        ) AS parts GROUP BY key) AS sums) END
FROM json_to_recordset(%s) AS r (
    id uuid, updated_at bigint, last_offset bigint, phase text, row_count integer, refusal_code text, refusal_detail text,
    released_at bigint, stopped_at bigint, waiting integer, advanced integer, added json, refused_rows text)
WHERE b.id = r.id
"""
"""A batch is inserted without a version; its opening, written here in the same transaction, is its first."""

BATCH_MOVES = """
INSERT INTO batch_moves (partition, "offset", idx, batch_id, merchant_id, phase, first_row, row_count, code, detail, at, actor, command_id)
SELECT * FROM json_to_recordset(%s) AS r (
    partition integer, "offset" bigint, idx integer, batch_id uuid, merchant_id text, phase text, first_row integer, row_count integer,
    code text, detail text, at bigint, actor text, command_id text)
"""

MERCHANTS = """
INSERT INTO merchants (id, name, main_currency, active, partition, created_at, key_required)
SELECT * FROM json_to_recordset(%s) AS r (
    id text, name text, main_currency text, active boolean, partition integer, created_at bigint, key_required boolean)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, main_currency = excluded.main_currency, active = excluded.active,
    key_required = excluded.key_required
"""

ACCOUNTS = """
INSERT INTO bank_accounts (id, merchant_id, holder, account_number, ifsc, bank_name, account_type, verified, is_primary, created_at,
    closed_at, verification)
SELECT * FROM json_to_recordset(%s) AS r (
    id uuid, merchant_id text, holder text, account_number text, ifsc text, bank_name text, account_type text, verified boolean,
    is_primary boolean, created_at bigint, closed_at bigint, verification text)
ON CONFLICT (merchant_id, id) DO UPDATE SET holder = excluded.holder, account_number = excluded.account_number,
    ifsc = excluded.ifsc, bank_name = excluded.bank_name, account_type = excluded.account_type, verified = excluded.verified,
    is_primary = excluded.is_primary, closed_at = excluded.closed_at, verification = excluded.verification
"""

CREDITS = """
INSERT INTO credits (merchant_id, reference, credit_id, amount_minor, currency, description, created_at, "offset")
SELECT * FROM json_to_recordset(%s) AS r (
    merchant_id text, reference text, credit_id uuid, amount_minor bigint, currency text, description text, created_at bigint,
    "offset" bigint)
"""
"""A credit that is there already stops the partition: money would have been booked twice."""

ANSWERS = """
INSERT INTO idempotency_answers (merchant_id, key, content_hash, subject, status, body, version, expires_at, partition, "offset")
SELECT merchant_id, key, content_hash, subject, status, convert_to(body, 'UTF8'), version, expires_at, partition, "offset"
FROM json_to_recordset(%s) AS r (
    merchant_id text, key text, content_hash text, subject text, status integer, body text, version integer, expires_at bigint,
    partition integer, "offset" bigint)
ON CONFLICT (merchant_id, key) DO UPDATE SET content_hash = excluded.content_hash, subject = excluded.subject,
    status = excluded.status, body = excluded.body, version = excluded.version, expires_at = excluded.expires_at,
    partition = excluded.partition, "offset" = excluded."offset"
"""

NOTIFY = "SELECT pg_notify('payflow_projection', %s)"

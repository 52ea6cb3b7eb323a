"""The first views: offsets, merchants, bank accounts, balances, ledger, payouts, changes, batches, keys, credits."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE projection_offsets (
    partition integer PRIMARY KEY,
    next_offset bigint NOT NULL,
    next_source bigint NOT NULL,
    last_at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE merchants (
    id text PRIMARY KEY,
    name text NOT NULL,
    main_currency text NOT NULL,
    active boolean NOT NULL,
    partition integer NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE bank_accounts (
    id uuid NOT NULL,
    merchant_id text NOT NULL,
    holder text NOT NULL,
    account_number text NOT NULL,
    ifsc text,
    bank_name text,
    account_type text NOT NULL,
    verified boolean NOT NULL,
    is_primary boolean NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (merchant_id, id)
);

CREATE TABLE balances (
    merchant_id text NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    balance_minor bigint NOT NULL,
    entry_count bigint NOT NULL,
    partition integer NOT NULL,
    last_offset bigint NOT NULL,
    PRIMARY KEY (merchant_id, currency, account)
) WITH (fillfactor = 50);

CREATE TABLE ledger_entries (
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    leg integer NOT NULL,
    merchant_id text NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    entry_type text NOT NULL,
    payout_id uuid,
    batch_id uuid,
    payout_count integer NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (partition, "offset", leg)
);
CREATE INDEX ledger_entries_merchant ON ledger_entries (merchant_id, "offset", leg);

CREATE TABLE payouts (
    id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    partition integer NOT NULL,
    batch_id uuid,
    row_number integer,
    reference text,
    idempotency_key text,
    created_at bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    fee_minor bigint NOT NULL,
    recipient text,
    bank_account_id uuid,
    description text,
    version integer NOT NULL,
    status text NOT NULL,
    reason text,
    updated_at bigint NOT NULL,
    due_at bigint,
    failure_code text,
    failure_reason text,
    provider text,
    attempt_count integer NOT NULL,
    inquiry_count integer NOT NULL,
    bank_reference_id text,
    expected_settlement_date text,
    processing_started_at bigint,
    completed_at bigint,
    failed_at bigint,
    canceled_at bigint,
    returned_at bigint,
    settled_at bigint
) WITH (fillfactor = 75);
CREATE INDEX payouts_merchant ON payouts (merchant_id, id);
CREATE INDEX payouts_reference ON payouts (merchant_id, reference)
    WHERE reference IS NOT NULL;
CREATE INDEX payouts_unfinished ON payouts (partition) WHERE status IN ('pending', 'processing', 'requires_action');

CREATE TABLE payout_changes (
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    idx integer NOT NULL,
    payout_id uuid NOT NULL,
    merchant_id text NOT NULL,
    batch_id uuid,
    version integer NOT NULL,
    status text NOT NULL,
    reason text,
    attempt_count integer NOT NULL,
    inquiry_count integer,
    due_at bigint,
    failure_code text,
    failure_reason text,
    bank_reference_id text,
    at bigint NOT NULL,
    actor text NOT NULL,
    command_id text NOT NULL,
    PRIMARY KEY (partition, "offset", idx)
);
CREATE INDEX payout_changes_payout ON payout_changes (payout_id);

CREATE TABLE batches (
    id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    partition integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    phase text NOT NULL,
    name text,
    reference text,
    funding text NOT NULL,
    on_row_failure text NOT NULL,
    source text NOT NULL,
    submit boolean NOT NULL,
    idempotency_key text,
    declaration text,
    row_count integer NOT NULL,
    sums_minor text NOT NULL,
    refusal_code text,
    refusal_detail text,
    released_at bigint,
    last_offset bigint NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX batches_merchant ON batches (merchant_id, id);

CREATE TABLE batch_totals (
    batch_id uuid NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    count bigint NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (batch_id, currency, status)
) WITH (fillfactor = 50);

CREATE TABLE idempotency_answers (
    merchant_id text NOT NULL,
    key text NOT NULL,
    content_hash text NOT NULL,
    subject text,
    status integer,
    body bytea,
    version integer,
    expires_at bigint NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    PRIMARY KEY (merchant_id, key)
);

CREATE TABLE credits (
    merchant_id text NOT NULL,
    reference text NOT NULL,
    credit_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    description text,
    created_at bigint NOT NULL,
    PRIMARY KEY (merchant_id, reference)
);
"""


def upgrade() -> None:
    """Build all tables in the schema that the connection's search_path names."""
    op.execute(TABLES)

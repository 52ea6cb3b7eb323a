"""Figures per quarter of an hour, the time to paid, rows of batches by state, and an index of single payouts under way.

Rows of batches by state are filled from the totals there are. The other figures begin with the next record; `payflow rebuild` counts those before.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE payout_figures (
    merchant_id text NOT NULL,
    starts_at bigint NOT NULL,
    word text NOT NULL,
    provider text NOT NULL,
    currency text NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL,
    amount_minor numeric NOT NULL,
    PRIMARY KEY (merchant_id, starts_at, word, provider, currency, code)
) WITH (fillfactor = 50);
CREATE INDEX payout_figures_time ON payout_figures (starts_at);

CREATE TABLE paid_times (
    merchant_id text NOT NULL,
    starts_at bigint NOT NULL,
    provider text NOT NULL,
    within_seconds integer NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (merchant_id, starts_at, provider, within_seconds)
) WITH (fillfactor = 50);
CREATE INDEX paid_times_time ON paid_times (starts_at);

CREATE TABLE row_states (
    merchant_id text NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    count bigint NOT NULL,
    amount_minor numeric NOT NULL,
    PRIMARY KEY (merchant_id, currency, status)
) WITH (fillfactor = 50);
INSERT INTO row_states SELECT b.merchant_id, t.currency, t.status, sum(t.count), sum(t.amount_minor)
    FROM batch_totals t JOIN batches b ON b.id = t.batch_id GROUP BY 1, 2, 3;

CREATE INDEX payouts_alone ON payouts (merchant_id) WHERE batch_id IS NULL
    AND completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL AND reason IS DISTINCT FROM 'insufficient_funds';
CREATE INDEX payouts_alone_failed ON payouts (failed_at) WHERE batch_id IS NULL AND failed_at IS NOT NULL;
"""


def upgrade() -> None:
    """Build all of it in the schema that the connection's search_path names."""
    op.execute(TABLES)

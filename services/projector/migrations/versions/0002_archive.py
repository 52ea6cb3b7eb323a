"""The archive of finished payouts: tables by month, references, marks, and views of hot and archived rows as one (ADR 0014)."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE archived_payouts (LIKE payouts, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE INDEX archived_payouts_merchant ON archived_payouts (merchant_id, id);
CREATE INDEX archived_payouts_reference ON archived_payouts (merchant_id, reference)
    WHERE reference IS NOT NULL;

CREATE TABLE archived_changes (LIKE payout_changes, PRIMARY KEY (partition, "offset", idx, payout_id)) PARTITION BY RANGE (payout_id);
CREATE INDEX archived_changes_payout ON archived_changes (payout_id);

CREATE TABLE archived_references (
    merchant_id text NOT NULL,
    reference text NOT NULL,
    payout_id uuid NOT NULL,
    PRIMARY KEY (merchant_id, reference, payout_id)
);

CREATE TABLE archive_marks (
    partition integer PRIMARY KEY,
    last_id uuid NOT NULL,
    last_offset bigint NOT NULL
);

CREATE VIEW all_payouts AS SELECT * FROM payouts UNION ALL SELECT * FROM archived_payouts;
CREATE VIEW all_payout_changes AS SELECT * FROM payout_changes UNION ALL SELECT * FROM archived_changes;
"""


def upgrade() -> None:
    """Build all of it, empty, in the schema that the connection's search_path names."""
    op.execute(TABLES)

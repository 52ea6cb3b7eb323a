"""Drafts: payouts and batches that are written down and not asked for yet."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE drafts (
    id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    idempotency_key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('payout', 'batch')),
    content text NOT NULL,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'submitting', 'submitted', 'refused', 'discarded')),
    version integer NOT NULL DEFAULT 1,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (merchant_id, idempotency_key)
);
"""


def upgrade() -> None:
    """Build the table, empty, in the schema that the connection's search_path names."""
    op.execute(TABLE)

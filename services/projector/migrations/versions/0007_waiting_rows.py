"""Batches are funded as available and stop: when one was stopped, and how many of its rows wait for funds (BAT-10, BAT-13)."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE batches ADD COLUMN stopped_at bigint, ADD COLUMN waiting_rows integer NOT NULL DEFAULT 0;
CREATE INDEX payouts_rows_wait ON payouts (merchant_id, currency) WHERE batch_id IS NOT NULL AND reason = 'funds';
"""


def upgrade() -> None:
    """No batch of before has such rows: all were held at the seal."""
    op.execute(CHANGES)

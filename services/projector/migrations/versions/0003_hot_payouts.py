"""Payouts change on their page: the index of unfinished ones names columns that only an end changes, and pages have room."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE payouts SET (fillfactor = 45);
DROP INDEX payouts_unfinished;
CREATE INDEX payouts_unfinished ON payouts (partition)
    WHERE completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL AND reason IS DISTINCT FROM 'insufficient_funds';
"""


def upgrade() -> None:
    """Build the index anew; writers of payouts wait for it, readers do not. Rows that are there stay where they are."""
    op.execute(CHANGES)

"""Merchants can make the idempotency key mandatory; saved accounts can be closed, and verified by deposits."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE merchants ADD COLUMN key_required boolean NOT NULL DEFAULT false;
ALTER TABLE bank_accounts ADD COLUMN closed_at bigint, ADD COLUMN verification text;
"""


def upgrade() -> None:
    """Add columns that a version before this one does not write: none of them is filled by it."""
    op.execute(CHANGES)

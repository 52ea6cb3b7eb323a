"""A credit knows its place on the log, so that its ledger entries can say what the client wrote on it (API-26)."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE credits ADD COLUMN "offset" bigint;
CREATE INDEX credits_place ON credits (merchant_id, "offset");
"""
FILL = """
UPDATE credits c SET "offset" = e.place FROM (
    SELECT merchant_id, created_at, currency, amount_minor, min("offset") AS place FROM ledger_entries
    WHERE entry_type = 'payment_received' AND account = 'available' GROUP BY 1, 2, 3, 4 HAVING count(*) = 1
) e WHERE e.merchant_id = c.merchant_id AND e.created_at = c.created_at AND e.currency = c.currency AND e.amount_minor = c.amount_minor;
"""


def upgrade() -> None:
    """Credits of before find theirs by time and amount; where two are alike in both, after `payflow rebuild`."""
    op.execute(CHANGES)
    op.execute(FILL)

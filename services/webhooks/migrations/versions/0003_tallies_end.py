"""Tallies of batches of which nothing more is told say so, and go with the deliveries of their time."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE batch_tallies ADD COLUMN ended_at bigint;
UPDATE batch_tallies SET ended_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint WHERE told = 100;
CREATE INDEX batch_tallies_ended ON batch_tallies (ended_at) WHERE ended_at IS NOT NULL;
"""


def upgrade() -> None:
    """Add to the table in the schema that the connection's search_path names."""
    op.execute(CHANGES)

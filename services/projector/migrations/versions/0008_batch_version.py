"""A batch has a version: how often it itself changed, its opening included (BAT-13)."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE batches ADD COLUMN version integer NOT NULL DEFAULT 1;
UPDATE batches b SET version = m.version FROM (
    SELECT batch_id, count(*)::integer AS version FROM batch_moves WHERE phase <> 'funded' GROUP BY batch_id
) m WHERE m.batch_id = b.id AND m.version > 1;
"""


def upgrade() -> None:
    """As a rebuild gives it: what is counted stands in `batch_moves`. Of batches from before those were kept only what came since."""
    op.execute(CHANGES)

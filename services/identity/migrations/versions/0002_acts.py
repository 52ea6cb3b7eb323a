"""Acts that other services tell: each stands in the trail once, however often it is told."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE audit ADD COLUMN act_id uuid;
CREATE UNIQUE INDEX audit_act ON audit (act_id) WHERE act_id IS NOT NULL;
"""


def upgrade() -> None:
    """Add to the table in the schema that the connection's search_path names."""
    op.execute(CHANGES)

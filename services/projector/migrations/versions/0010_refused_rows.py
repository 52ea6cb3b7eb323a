"""A batch knows how many rows of its chunks stayed out, and their sums: they count towards what was declared (BAT-07, BAT-09)."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of no batch from before did any stay out."""
    op.execute("ALTER TABLE batches ADD COLUMN refused_rows text")

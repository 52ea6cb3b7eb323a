"""What old files and drafts are found by, and when a file's content was deleted by age."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE uploads ADD COLUMN content_deleted_at bigint;
CREATE INDEX uploads_age ON uploads (updated_at);
CREATE INDEX drafts_age ON drafts (updated_at);
"""


def upgrade() -> None:
    """Add to the tables in the schema that the connection's search_path names."""
    op.execute(CHANGES)

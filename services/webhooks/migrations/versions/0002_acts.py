"""Acts that the audit trail is not told of yet."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE acts (
    id uuid PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    merchant_id text NOT NULL,
    detail text NOT NULL
);
"""


def upgrade() -> None:
    """Build the table, empty, in the schema that the connection's search_path names."""
    op.execute(TABLE)

"""Every move of a batch is kept: opened, rows added, released, refused, dropped, each with its place on the log (LIF-18)."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE batch_moves (
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    idx integer NOT NULL,
    batch_id uuid NOT NULL,
    merchant_id text NOT NULL,
    phase text NOT NULL,
    first_row integer,
    row_count integer,
    code text,
    detail text,
    at bigint NOT NULL,
    actor text NOT NULL,
    command_id text NOT NULL,
    PRIMARY KEY (partition, "offset", idx)
);
CREATE INDEX batch_moves_batch ON batch_moves (batch_id);
"""


def upgrade() -> None:
    """Build it empty: batches of before have their moves after `payflow rebuild`."""
    op.execute(TABLES)

"""Staged files in pieces, what was corrected in them, and the merchants' column mappings."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    idempotency_key text NOT NULL,
    state text NOT NULL,
    kind text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    rows_sha256 text,
    message_id text,
    options text NOT NULL,
    report text NOT NULL,
    override_reason text,
    version integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX uploads_key ON uploads (merchant_id, idempotency_key);
CREATE INDEX uploads_file ON uploads (merchant_id, sha256);
CREATE INDEX uploads_rows ON uploads (merchant_id, rows_sha256) WHERE rows_sha256 IS NOT NULL;
CREATE INDEX uploads_message ON uploads (merchant_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE upload_pieces (
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    part text NOT NULL,
    number integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (upload_id, part, number)
);
ALTER TABLE upload_pieces ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE upload_corrections (
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    row_number integer NOT NULL,
    cells text NOT NULL,
    PRIMARY KEY (upload_id, row_number)
);

CREATE TABLE column_mappings (
    merchant_id text NOT NULL,
    column_name text NOT NULL,
    field text NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (merchant_id, column_name)
);
"""


def upgrade() -> None:
    """Build all of it, empty, in the schema that the connection's search_path names."""
    op.execute(TABLES)

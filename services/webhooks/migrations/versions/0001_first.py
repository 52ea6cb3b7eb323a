"""Endpoints, their secrets, deliveries with their attempts, batch tallies, positions and leases."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE positions (
    partition integer PRIMARY KEY,
    next_offset bigint NOT NULL,
    next_source bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE members (
    id text PRIMARY KEY,
    until timestamptz NOT NULL
);

CREATE TABLE leases (
    partition integer PRIMARY KEY,
    owner text,
    until timestamptz
) WITH (fillfactor = 50);

CREATE TABLE endpoints (
    id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    url text NOT NULL,
    description text,
    types text[] NOT NULL,
    status text NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
    disabled_reason text,
    disabled_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    failing_since bigint,
    last_success_at bigint
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX endpoints_url ON endpoints (merchant_id, url) WHERE status <> 'deleted';

CREATE TABLE secrets (
    endpoint_id uuid NOT NULL REFERENCES endpoints (id),
    created_at bigint NOT NULL,
    secret text NOT NULL,
    expires_at bigint,
    PRIMARY KEY (endpoint_id, secret)
);

CREATE TABLE deliveries (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES endpoints (id),
    merchant_id text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    ord bigint NOT NULL,
    partition integer NOT NULL,
    at bigint NOT NULL,
    own text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'canceled')),
    due_at bigint NOT NULL,
    claim text,
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    finished_at bigint,
    last_code integer,
    last_error text
) WITH (fillfactor = 70);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, ord) WHERE status = 'pending';
CREATE INDEX deliveries_lane ON deliveries (endpoint_id, subject, ord) WHERE status = 'pending';
CREATE INDEX deliveries_merchant ON deliveries (merchant_id, id);
CREATE INDEX deliveries_subject ON deliveries (subject, id);
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE attempts (
    delivery_id uuid NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number integer NOT NULL,
    at bigint NOT NULL,
    duration_ms integer NOT NULL,
    code integer,
    error text,
    answer text,
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE batch_tallies (
    batch_id uuid PRIMARY KEY,
    rows integer NOT NULL,
    done integer NOT NULL,
    version integer NOT NULL,
    released boolean NOT NULL,
    told integer NOT NULL
) WITH (fillfactor = 50);
"""


def upgrade() -> None:
    """Build all of it, empty, in the schema that the connection's search_path names."""
    op.execute(TABLES)

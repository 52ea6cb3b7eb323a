"""Keys, people, sign-ins, tickets and the audit trail. No usable secret is stored: hashes only (SEC-02)."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE keys (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    shown text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    merchants text[] NOT NULL,
    live boolean NOT NULL,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    revoked_by text
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text,
    oidc_issuer text,
    oidc_subject text,
    grants jsonb NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    UNIQUE (oidc_issuer, oidc_subject)
);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    csrf_hash bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    method text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint
);
CREATE INDEX sessions_open ON sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE sign_in_tries (
    email_hash bytea PRIMARY KEY,
    tries integer NOT NULL,
    last_at bigint NOT NULL,
    locked_until bigint
);

CREATE TABLE oidc_states (
    state_hash bytea PRIMARY KEY,
    nonce text NOT NULL,
    verifier text NOT NULL,
    return_to text NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE feed_tickets (
    hash bytea PRIMARY KEY,
    kind text NOT NULL,
    holder_id uuid,
    merchant_id text,
    expires_at bigint NOT NULL,
    used_at bigint
);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text,
    outcome text NOT NULL,
    merchants text[] NOT NULL,
    reason text,
    detail jsonb NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are only added, never changed or deleted';
END
$$;
CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Build all of it, empty, in the schema that the connection's search_path names."""
    op.execute(TABLES)

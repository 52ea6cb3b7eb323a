"""The tables of those that the product is compared with: merchants with their balance in a column, payouts, ledger entries.

Owns the schema and the figures read from it. The payouts table has the columns a rival needs and as many indexes as the product's; it keeps
its rows from round to round, as the product's does. A history is kept only
where the mini pipeline is asked to. Imported by the baseline in its own environment too: psycopg only.
"""

import time
from collections.abc import Callable, Sequence

import psycopg

FUNDS_MINOR = 10**15
LIMIT_SECONDS = 900.0

TABLES = """
CREATE TABLE IF NOT EXISTS merchants (
    id text PRIMARY KEY,
    balance_minor bigint NOT NULL CHECK (balance_minor >= 0),
    held_minor bigint NOT NULL DEFAULT 0 CHECK (held_minor >= 0),
    paid_minor bigint NOT NULL DEFAULT 0,
    accepted bigint NOT NULL DEFAULT 0,
    completed bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS payouts (
    id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    batch_id uuid NOT NULL,
    row_number integer NOT NULL,
    reference text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    recipient text NOT NULL,
    status text NOT NULL,
    version integer NOT NULL,
    provider_reference text,
    created_at timestamptz NOT NULL,
    completed_at timestamptz
) WITH (fillfactor = 75);
CREATE INDEX IF NOT EXISTS payouts_merchant ON payouts (merchant_id, id);
CREATE INDEX IF NOT EXISTS payouts_reference ON payouts (merchant_id, reference);
CREATE INDEX IF NOT EXISTS payouts_unfinished ON payouts (merchant_id) WHERE status IN ('pending', 'processing');

CREATE TABLE IF NOT EXISTS ledger_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id text NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL,
    payout_id uuid,
    batch_id uuid,
    payout_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS ledger_entries_merchant ON ledger_entries (merchant_id, id);

CREATE TABLE IF NOT EXISTS payout_changes (
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    idx integer NOT NULL,
    payout_id uuid NOT NULL,
    merchant_id text NOT NULL,
    batch_id uuid NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    provider_reference text,
    at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS payout_changes_place ON payout_changes (partition, next_offset, idx);
CREATE INDEX IF NOT EXISTS payout_changes_payout ON payout_changes (payout_id);

CREATE TABLE IF NOT EXISTS offsets (partition integer PRIMARY KEY, next_offset bigint NOT NULL);
"""

Books = psycopg.Connection[tuple[int, ...]]


def connect(database_url: str, schema: str, *, autocommit: bool = False) -> Books:
    """A connection that sees one rival's tables."""
    return psycopg.connect(database_url, options=f"-c search_path={schema}", autocommit=autocommit)


def prepare(database_url: str, schema: str, merchants: Sequence[str]) -> None:
    """Make what is missing; the merchants have more money than they can spend."""
    with connect(database_url, "public") as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"SET search_path = {schema}")
        connection.execute(TABLES)
        connection.execute(
            "INSERT INTO merchants (id, balance_minor) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING",
            (list(merchants), FUNDS_MINOR),
        )


def counts(connection: Books) -> tuple[int, int]:
    """(payouts accepted, payouts completed) so far, from the merchants' rows."""
    row = connection.execute("SELECT sum(accepted)::bigint, sum(completed)::bigint FROM merchants").fetchone()
    return (row[0] or 0, row[1] or 0) if row else (0, 0)


def proved(connection: Books, completed: int) -> None:
    """Stop the run unless as many payouts are completed as the merchants' rows say, and the money adds up."""
    rows = connection.execute("SELECT count(*) FROM payouts WHERE status = 'completed'").fetchone()
    money = connection.execute("SELECT sum(balance_minor + held_minor + paid_minor - %s) FROM merchants", (FUNDS_MINOR,))
    if rows is None or rows[0] != completed or next(money)[0] != 0:
        raise SystemExit(f"the rival's books are wrong: {rows} rows completed, {completed} counted")


class Following:
    """Sees payouts become accepted and completed: `samples` of (seconds, accepted, completed)."""

    def __init__(self, connection: Books) -> None:
        """Starts the clock; what is there already does not count."""
        self._connection = connection
        self._before = counts(connection)
        self.start = time.perf_counter()
        self.samples: list[tuple[float, int, int]] = [(0.0, 0, 0)]

    def until_completed(self, rows: int, alive: Callable[[], None], pause: float) -> None:
        """Look until `rows` more are completed; `alive` ends the run when somebody who has to do it has died."""
        while self.samples[-1][2] < rows:
            time.sleep(pause)
            accepted, completed = counts(self._connection)
            now = time.perf_counter() - self.start
            alive()
            self.samples.append((now, accepted - self._before[0], completed - self._before[1]))
            if now > LIMIT_SECONDS:
                raise SystemExit(f"the rival stopped at {self.samples[-1]} of {rows}")

    def seconds_until(self, place: int, rows: int) -> float:
        """When `rows` were accepted (place 1) or completed (place 2)."""
        return next(sample[0] for sample in self.samples if sample[place] >= rows)

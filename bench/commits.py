"""When Postgres committed what the projection wrote, read afterwards from the rows themselves: nobody has to stand beside and watch.

Owns `track_commit_timestamp`. Its time is taken as the commit begins, so the write-ahead log's fsync counts as waiting. Must not know who
followed.
"""

import signal
import time

import psycopg

from bench.feed_line import place
from bench.ground import Ground

SETTING = "track_commit_timestamp"
START_SECONDS = 30.0
COMMITS = """SELECT "offset", max(idx), extract(epoch FROM min(pg_xact_commit_timestamp(xmin)))::float8
    FROM payout_changes WHERE batch_id = %s GROUP BY "offset" ORDER BY "offset" """
ROW_COMMITS = """SELECT payout_id::text, extract(epoch FROM min(pg_xact_commit_timestamp(xmin)))::float8
    FROM payout_changes WHERE batch_id = %s GROUP BY payout_id"""


def keep_times(ground: Ground) -> None:
    """Have the server note them from now on: it is started again. One from outside must be set so already, or the run ends."""
    with ground.connect() as connection:
        if connection.execute(f"SHOW {SETTING}").fetchone() == ("on",):
            return
        if "postgres" not in ground.processes():
            raise SystemExit(f"this case needs a Postgres with {SETTING} = on")
        connection.execute(f"ALTER SYSTEM SET {SETTING} = on")
    process = ground.stores.children["postgres"].process
    process.send_signal(signal.SIGINT)
    process.wait()
    ground.stores.launch("postgres")
    _await(ground)


def of_batch(connection: psycopg.Connection, batch_id: str) -> list[tuple[int, float]]:
    """Of each event record of a batch, in the order of the log: the place of its last change, and its commit (wall clock, s)."""
    return [(place(offset, idx), at) for offset, idx, at in connection.execute(COMMITS, (batch_id,))]


def of_rows(connection: psycopg.Connection, batch_id: str) -> dict[int, float]:
    """Row number to the commit of the row's first change (wall clock, s). A row's id ends in its number."""
    return {int(payout_id[-8:], 16): at for payout_id, at in connection.execute(ROW_COMMITS, (batch_id,))}


def _await(ground: Ground) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ground.connect().close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return

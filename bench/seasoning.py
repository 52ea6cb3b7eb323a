"""A database as after days of work, not of its first minute.

A server that has run for a while writes over log segments that it has. A new one makes each when it gets there and fills it with zeros,
16 MiB on the way to disk before the first byte of log: what a payout writes is then written twice. Owns bringing a fresh server there.
Must not know what is measured.
"""

import psycopg

from deploy.local.postgres import SIZES

SEASONING = int(SIZES["min_wal_size"].removesuffix("GB")) * 1024
"""Mebibytes of log: as many as the local server keeps."""
MEBIBYTE = 1 << 20
AHEAD = """
SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn())
"""


def season(connection: psycopg.Connection, mebibytes: int = SEASONING) -> None:
    """Write so much log that says nothing; the checkpoint behind it makes its segments the next ones. Wants autocommit."""
    for _ in range(mebibytes):
        connection.execute("SELECT pg_logical_emit_message(false, 'bench', repeat('-', %s), true)", [MEBIBYTE])
    connection.execute("CHECKPOINT")


def segments_ahead(connection: psycopg.Connection) -> int:
    """How many segments are there to be written over, 16 MiB each."""
    row = connection.execute(AHEAD).fetchone()
    return int(row[0]) if row else 0

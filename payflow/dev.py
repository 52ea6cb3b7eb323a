"""`payflow dev`: everything on this machine, until Ctrl-C."""

import os
from pathlib import Path

import typer

from deploy.local.kafka import KafkaUnavailableError
from deploy.local.postgres import PostgresUnavailableError
from payflow.stack import Stack, run_until_interrupted
from runtime.settings import RefusedStartError, leftovers, refuse

STATE = ".payflow"


def command(
    fresh: bool = typer.Option(False, "--fresh", help="Start with empty stores in a temporary folder."),
) -> None:
    """Start Kafka, Postgres, all services and the provider simulator; Ctrl-C ends them all."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="payflow-")) if fresh else Path(os.environ.get("PAYFLOW_STATE_DIR", STATE))
    for name in leftovers():
        typer.echo(f"{name} is ignored: it means nothing here")
    stack = Stack(folder, say=typer.echo)
    try:
        with stack:
            typer.echo(f"ready: {stack.url}/api/docs/   logs: {stack.logs}   Kafka: {stack.bootstrap}   Ctrl-C ends it")
            run_until_interrupted(stack)
    except (RefusedStartError, KafkaUnavailableError, PostgresUnavailableError) as error:
        refuse("dev", error)
    except KeyboardInterrupt:
        pass

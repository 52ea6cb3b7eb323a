"""What the commands share, over the public API or on the stores: options, exit codes, how an answer or an error is told (RUN-09).

Owns the words of `--url`, `--api-key`, `--merchant`, `--json` and their environment, and what each exit code means. Must not know a
command.

    0  done, and well
    1  refused by Payflow, or what was checked does not hold
    2  the command line is wrong
    3  Payflow does not answer; what was asked may have been taken: the key to send it again with is told
    4  it ended, and not every payout was paid
    5  it has not ended in time, or something could not be checked
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

import msgspec
import typer

from payflow.client import FeedRefusedError, Payflow, RefusedError, UnreachableError

REFUSED, USAGE, UNREACHABLE, NOT_PAID, UNFINISHED = 1, 2, 3, 4, 5
DEFAULT_URL = "http://127.0.0.1:8000"

Url = Annotated[str, typer.Option("--url", envvar="PAYFLOW_URL", help="The gateway's address.")]
ApiKey = Annotated[str | None, typer.Option("--api-key", envvar="PAYFLOW_API_KEY", help="The credential.", show_envvar=True)]
MerchantId = Annotated[str | None, typer.Option("--merchant", envvar="PAYFLOW_MERCHANT", help="Whose money it is.")]
Json = Annotated[
    bool, typer.Option("--json", help="Tell the answer as JSON on standard output, errors as problems on standard error.")
]


@contextlib.contextmanager
def answering(url: str, api_key: str | None, merchant: str | None, *, json: bool = False) -> Iterator[Payflow]:
    """A client; what it raises inside the block becomes a line (or a problem) on standard error and an exit code."""
    with Payflow(url, merchant=merchant, api_key=api_key) as api:
        try:
            yield api
        except RefusedError as error:
            _complain(
                error.problem, [str(error), *(f"  {fault.pointer}: {fault.detail}" for fault in error.errors)], json=json
            )
            raise typer.Exit(REFUSED) from None
        except FeedRefusedError as error:
            _complain({"code": error.code, "detail": error.detail}, [str(error)], json=json)
            raise typer.Exit(REFUSED) from None
        except UnreachableError as error:
            _complain(
                {"code": "unreachable", "detail": str(error), "idempotency_key": error.key}, [f"{url}: {error}"], json=json
            )
            raise typer.Exit(UNREACHABLE) from None


def say(answer: object) -> None:
    """One JSON value on one line."""
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


def absent(code: str, why: str, *, json: bool) -> NoReturn:
    """End for what is not there: one line (or a problem), exit code 1."""
    _complain({"code": code, "detail": why}, [why], json=json)
    raise typer.Exit(REFUSED)


def misused(command: str, why: str, *, json: bool) -> NoReturn:
    """End for a command line, settings or stores that are wrong: one line (or a problem), exit code 2."""
    _complain({"code": "refused", "detail": why}, [f"{command}: {why}"], json=json)
    raise typer.Exit(USAGE)


def _complain(problem: dict[str, Any], lines: list[str], *, json: bool) -> None:
    for line in [msgspec.json.encode(problem).decode()] if json else lines:
        typer.echo(line, err=True)

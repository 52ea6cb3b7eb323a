"""`payflow archive --before 2026-08`: finished payouts of past months leave the hot tables, and stay in the API (ADR 0014).

Owns the words, the exit code, and that nobody rebuilds or switches views meanwhile. What is moved, and how, is
`services.projector.archive`. Everything else runs on.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Annotated

import psycopg
import typer

from payflow import switch as switching
from payflow.switch import NotSwitchedError
from runtime.clock import SystemClock
from runtime.settings import RefusedStartError, ServiceSettings, load, refuse
from services.projector import archive as archiving
from services.projector.archive import Done
from services.projector.months import Month, parse
from services.projector.wiring import check_schema


def archive(settings: ServiceSettings, before: Month, tablespace: str | None = None) -> Iterator[Done]:
    """Every month before `before`, as each is done.

    Raises NotSwitchedError if a rebuild, a restore or another archive runs, and psycopg.Error; what was told until then stays done.
    """
    options = f"-c search_path={settings.projection_schema}"
    with (
        switching.alone(settings.database_url),
        psycopg.connect(settings.database_url, autocommit=True, options=options, application_name="payflow-archive") as link,
    ):
        yield from archiving.archive(link, before, tablespace)


def read_month(text: str, now_ms: int) -> Month:
    """The month that an operator named. Raises RefusedStartError for none, and for one after the month that `now_ms` is in."""
    try:
        month = parse(text)
    except ValueError as error:
        raise RefusedStartError(f"--before: {error}") from None
    now = dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC)
    if month > Month(now.year, now.month):
        raise RefusedStartError(f"--before {month}: the month {now.year:04}-{now.month:02} is not over yet")
    return month


def line(done: Done) -> str:
    """One month in words."""
    if done.refused:
        return f"{done.month}: NOT archived, all of it stays as it is: {done.left}"
    return f"{done.month}: {done.moved:,} payouts archived" + (f"; left for the next run: {done.left}" if done.left else "")


def tell(months: Iterable[Done]) -> int:
    """Say each month as it is done; returns the exit code: 1 if one was refused or something was left."""
    told = [(typer.echo(line(done)), done) for done in months]
    if not told:
        typer.echo("nothing to archive: there are no payouts of these months in the hot tables")
    return int(any(done.left for _, done in told))


def command(
    before: Annotated[
        str,
        typer.Option("--before", metavar="MONTH", help="Archive what was asked for before this month (UTC), as 2026-08."),
    ],
    tablespace: Annotated[
        str | None, typer.Option("--tablespace", metavar="NAME", help="Where new tables of the archive are put.")
    ] = None,
) -> None:
    """Move finished payouts of past months out of the hot tables, while everything runs; the API finds them as before. Safe to repeat."""
    try:
        settings = load(ServiceSettings)
        check_schema(settings)
        code = tell(archive(settings, read_month(before, SystemClock().now_ms()), tablespace))
    except (RefusedStartError, NotSwitchedError) as error:
        refuse("archive", error)
    except (psycopg.Error, OSError) as error:
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        refuse("archive", RefusedStartError(f"it stopped half way ({what}): no payout is lost, give the command again"))
    raise typer.Exit(code)

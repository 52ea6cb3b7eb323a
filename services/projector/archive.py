"""Moving finished payouts of past months, with their history, from the hot tables into the archive's month tables (ADR 0014).

Owns which rows may go and the transaction of a few thousand of them: payouts, changes, references and marks together, so that whoever
reads sees each row exactly once at any moment, and a crash leaves a month half moved, which the next run goes on with. Rows that the
projector is changing are left for the next run; nobody waits. Must not know the log.
"""

from collections.abc import Iterator
from typing import NamedTuple

from psycopg import Connection, sql

from services.projector import archive_statements as statements
from services.projector.months import Month, month_of

CHUNK = 2_000
LOCK_TIMEOUT = "5s"
"""For the moment of putting a month's table in its place, which must not queue readers behind a long one."""
PARENTS = ("archived_payouts", "archived_changes")


class Done(NamedTuple):
    """What became of one month: payouts moved, and why others stay (`left`); `refused` if nothing was touched."""

    month: Month
    moved: int
    left: str | None = None
    refused: bool = False


def archive(connection: Connection, before: Month, tablespace: str | None = None) -> Iterator[Done]:
    """Every month before `before`, oldest first, as each is done. The connection commits by itself; its search_path names the views.

    Raises psycopg.Error; what was committed until then stays moved.
    """
    month = _first(connection, Month(1970, 1), before)
    while month is not None:
        yield _one(connection, month, tablespace)
        month = _first(connection, month.next(), before)
    connection.execute("VACUUM payouts, payout_changes")  # their room is free for new rows


def _first(connection: Connection, since: Month, before: Month) -> Month | None:
    """The first month from `since` on that has payouts in the hot table."""
    row = connection.execute(statements.FIRST_PAYOUT, [since.lowest_id(), before.lowest_id()]).fetchone()
    return None if row is None else month_of(row[0])


def _one(connection: Connection, month: Month, tablespace: str | None) -> Done:
    if (why := _unfinished(connection, month)) is not None:
        return Done(month, 0, why, refused=True)
    _make_tables(connection, month, tablespace)
    moved, after = 0, month.lowest_id()
    while ids := _move(connection, month, after):
        moved, after = moved + len(ids), ids[-1]
    _settle(connection, month)
    return Done(month, moved, _unfinished(connection, month) or _busy(connection, month))


def _range(month: Month) -> dict[str, str]:
    return {"low": month.lowest_id(), "high": month.next().lowest_id()}


def _unfinished(connection: Connection, month: Month) -> str | None:
    found = connection.execute(statements.UNFINISHED, _range(month)).fetchone()
    return None if found is None else f"{found[2]:,} payouts are not finished, the first is {found[0]} ({found[1]})"


def _busy(connection: Connection, month: Month) -> str | None:
    count = (connection.execute(statements.COUNT_PAYOUTS, _range(month)).fetchone() or (0,))[0]
    return f"{count:,} payouts came or changed meanwhile" if count else None


def _make_tables(connection: Connection, month: Month, tablespace: str | None) -> None:
    """Beside and then attached: that lets readers of the archive go on."""
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        connection.execute("SELECT set_config('default_tablespace', %s, true)", [tablespace or ""])
        for parent in PARENTS:
            table = _table(parent, month)
            if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
                _make_table(connection, sql.Identifier(parent), sql.Identifier(table), month)


def _table(parent: str, month: Month) -> str:
    return f"{parent}_{month.year:04}_{month.month:02}"


def _make_table(connection: Connection, parent: sql.Identifier, table: sql.Identifier, month: Month) -> None:
    low, high = map(sql.Literal, _range(month).values())
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(table, parent))
    attach = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    connection.execute(attach.format(parent, table, low, high))


def _move(connection: Connection, month: Month, after: str) -> list[str]:
    """The next payouts behind `after`, in one transaction; returns their ids, in order.

    They are locked before anything is read of them: a change that the projector commits meanwhile would else stay behind alone.
    """
    with connection.transaction():
        found = connection.execute(statements.LOCK_FINISHED, {**_range(month), "after": after, "limit": CHUNK}).fetchall()
        ids = [row[0] for row in found]
        if ids:
            connection.execute(statements.ARCHIVE_PAYOUTS, {"ids": ids, "last": ids[-1]})
            connection.execute(statements.ARCHIVE_CHANGES, {"ids": ids, "last": ids[-1]})
    return ids


def _settle(connection: Connection, month: Month) -> None:
    """Freeze the month's tables: nothing changes there any more, so no later vacuum has to read them."""
    for parent in PARENTS:
        connection.execute(sql.SQL("VACUUM (FREEZE, ANALYZE) {}").format(sql.Identifier(_table(parent, month))))

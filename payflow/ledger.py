"""`payflow ledger check`: the books add up, proved from the rows (LED-02 to LED-05, BAT-10, BAT-12).

Owns the checks, each one query that lists what is wrong, all on one snapshot. A check that finds nothing wrong says how much it looked
at, so that an empty ledger does not pass for a good one. Must not know how the rows came there.
"""

from dataclasses import dataclass
from typing import LiteralString

import psycopg
import typer

from payflow.front_door import Json, misused, say
from runtime.settings import RefusedStartError, ServiceSettings, load
from services.projector.wiring import check_schema


@dataclass(frozen=True)
class Check:
    """One rule: `wrong` lists what breaks it, `looked` counts what it was held against."""

    rule: str
    looked: LiteralString
    wrong: LiteralString


CHECKS = (
    Check(
        "entries of each currency sum to zero",
        "SELECT count(*) FROM ledger_entries",
        "SELECT currency, sum(amount_minor) AS sum_minor FROM ledger_entries GROUP BY currency HAVING sum(amount_minor) <> 0",
    ),
    Check(
        "entries of each event record sum to zero",
        'SELECT count(DISTINCT (partition, "offset")) FROM ledger_entries',
        'SELECT partition, "offset", currency, sum(amount_minor) AS sum_minor FROM ledger_entries '
        'GROUP BY partition, "offset", currency HAVING sum(amount_minor) <> 0 ORDER BY 1, 2',
    ),
    Check(
        "no entry is zero",
        "SELECT count(*) FROM ledger_entries",
        'SELECT partition, "offset", leg FROM ledger_entries WHERE amount_minor = 0 ORDER BY 1, 2, 3',
    ),
    Check(
        "each balance is the fold of its entries",
        "SELECT count(*) FROM balances",
        "SELECT merchant_id, currency, account, b.balance_minor, f.total, b.entry_count, f.entries FROM balances b FULL JOIN ("
        "SELECT merchant_id, currency, account, sum(amount_minor) AS total, count(*) AS entries FROM ledger_entries "
        "GROUP BY merchant_id, currency, account) f USING (merchant_id, currency, account) "
        "WHERE b.balance_minor IS DISTINCT FROM f.total OR b.entry_count IS DISTINCT FROM f.entries ORDER BY 1, 2, 3",
    ),
    Check(
        "available and held were never below zero",
        "SELECT count(*) FROM ledger_entries WHERE account IN ('available', 'held')",
        'SELECT merchant_id, currency, account, "offset", running FROM (SELECT merchant_id, currency, account, "offset", '
        'sum(sum(amount_minor)) OVER (PARTITION BY merchant_id, currency, account ORDER BY "offset") AS running FROM ledger_entries '
        "WHERE account IN ('available', 'held') GROUP BY merchant_id, currency, account, \"offset\") folded "
        "WHERE running < 0 ORDER BY 1, 2, 3, 4",
    ),
    Check(
        "held is what open payouts hold",
        "SELECT count(*) FROM payouts WHERE status IN ('pending', 'processing', 'requires_action')",
        "SELECT merchant_id, currency, h.held, o.open FROM "
        "(SELECT merchant_id, currency, balance_minor AS held FROM balances WHERE account = 'held' AND balance_minor <> 0) h FULL JOIN "
        "(SELECT p.merchant_id, p.currency, sum(p.amount_minor + p.fee_minor) AS open FROM payouts p "
        "LEFT JOIN batches b ON b.id = p.batch_id WHERE p.status IN ('pending', 'processing', 'requires_action') "
        "AND p.reason IS DISTINCT FROM 'funds' AND (p.batch_id IS NULL OR b.phase = 'released') GROUP BY 1, 2) o "
        "USING (merchant_id, currency) WHERE h.held IS DISTINCT FROM o.open ORDER BY 1, 2",
    ),
    Check(
        "each batch total is the sum of its rows",
        "SELECT count(*) FROM batch_totals",
        "SELECT batch_id, currency, status, t.count, r.rows, t.amount_minor, r.total FROM "
        "(SELECT * FROM batch_totals WHERE count <> 0 OR amount_minor <> 0) t FULL JOIN "
        "(SELECT batch_id, currency, status, count(*) AS rows, sum(amount_minor) AS total FROM all_payouts WHERE batch_id IS NOT NULL "
        "GROUP BY batch_id, currency, status) r USING (batch_id, currency, status) "
        "WHERE t.count IS DISTINCT FROM r.rows OR t.amount_minor IS DISTINCT FROM r.total ORDER BY 1, 2, 3",
    ),
    Check(
        "each batch has all its rows",
        "SELECT count(*) FROM batches",
        "SELECT b.id, b.row_count, count(p.id) AS rows FROM batches b LEFT JOIN all_payouts p ON p.batch_id = b.id "
        "AND p.id BETWEEN (left(b.id::text, 28) || '00000000')::uuid AND (left(b.id::text, 28) || 'ffffffff')::uuid "
        "GROUP BY b.id, b.row_count HAVING count(p.id) <> b.row_count ORDER BY 1",
    ),
    Check(
        "each batch counts its rows that wait",
        "SELECT count(*) FROM batches",
        "SELECT id, b.waiting_rows, w.rows FROM (SELECT id, waiting_rows FROM batches WHERE waiting_rows <> 0) b FULL JOIN "
        "(SELECT batch_id AS id, count(*) AS rows FROM payouts WHERE batch_id IS NOT NULL AND reason = 'funds' AND status = 'pending' "
        "GROUP BY batch_id) w USING (id) WHERE b.waiting_rows IS DISTINCT FROM w.rows ORDER BY 1",
    ),
    Check(
        "each payout has one change per version",
        "SELECT count(*) FROM all_payout_changes",
        "SELECT payout_id, p.version, c.changes, c.newest FROM (SELECT payout_id, count(*) AS changes, max(version) AS newest "
        "FROM all_payout_changes GROUP BY payout_id) c FULL JOIN (SELECT id AS payout_id, version FROM all_payouts) p USING (payout_id) "
        "WHERE p.version IS DISTINCT FROM c.changes OR p.version IS DISTINCT FROM c.newest ORDER BY 1",
    ),
    Check(
        "what is archived is finished, and nowhere else",
        "SELECT count(*) FROM all_payouts",
        "SELECT a.id, a.status, p.status AS hot FROM archived_payouts a LEFT JOIN payouts p ON p.id = a.id "
        "WHERE p.id IS NOT NULL OR a.status IN ('pending', 'processing', 'requires_action') ORDER BY 1",
    ),
)


@dataclass(frozen=True)
class Finding:
    """What one check found: how much it looked at, how much is wrong, and the first wrong thing in words."""

    rule: str
    looked: int
    wrong: int
    first: str | None


def check(database_url: str, schema: str) -> list[Finding]:
    """Run all checks on one snapshot of a schema's views. Raises psycopg.OperationalError when the database is away."""
    with psycopg.connect(database_url, options=f"-c search_path={schema}") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return [_run(connection, one) for one in CHECKS]


def _run(connection: psycopg.Connection, one: Check) -> Finding:
    looked = connection.execute(one.looked).fetchone()
    cursor = connection.execute(one.wrong)
    assert looked is not None
    row = cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    first = None if row is None else ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))
    return Finding(one.rule, looked[0], cursor.rowcount, first)


def lines(findings: list[Finding]) -> list[str]:
    """The findings as a table."""
    told = [f"{'rule':<42} {'looked at':>12} {'wrong':>8}"]
    for finding in findings:
        told.append(f"{finding.rule:<42} {finding.looked:>12,} {finding.wrong:>8,}")
        if finding.first is not None:
            told.append(f"    first: {finding.first}")
    broken = sum(finding.wrong > 0 for finding in findings)
    return [*told, f"{len(findings)} rules, {broken} broken"]


def command(json: Json = False) -> None:
    """Prove that entries, balances, holds and batch totals add up; exit 1 if one does not. With --json one rule a line."""
    try:
        settings = load(ServiceSettings)
        check_schema(settings)
    except RefusedStartError as error:
        misused("ledger", str(error), json=json)
    findings = check(settings.database_url, settings.projection_schema)
    if json:
        for finding in findings:
            say(finding)
    else:
        typer.echo("\n".join(lines(findings)))
    raise typer.Exit(1 if any(finding.wrong for finding in findings) else 0)

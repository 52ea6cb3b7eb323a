"""Rebuild, `payflow ledger check` and backup see the views whole, wherever their rows are (RUN-25, RUN-26)."""

from pathlib import Path

import psycopg
import pytest

from payflow import ledger
from payflow.views_copy import copy_in, copy_out
from services.projector.compare import compare
from tests.integration.archive.moved import archived
from tests.integration.projector.conftest import migrated
from tests.integration.projector.views import Views


def differences(live: Views, other: Views) -> dict[str, str | None]:
    with live.connect() as left, other.connect() as right:
        return {verdict.table: verdict.difference for verdict in compare(left, right) if not verdict.same}


async def test_a_rebuild_is_the_same_as_views_with_an_archive(views: Views, never_archived: Views) -> None:
    archived(views)
    assert differences(views, never_archived) == {}
    views.execute("UPDATE archived_payouts SET bank_reference_id = 'another' WHERE status = 'completed'")
    views.execute("DELETE FROM archived_changes WHERE version = 2")
    assert differences(views, never_archived).keys() == {"payouts", "payout_changes"}


async def test_archived_rows_pass_the_checks_of_the_ledger(views: Views) -> None:
    archived(views)
    findings = ledger.check(views.url, views.schema)
    assert [finding for finding in findings if finding.wrong] == []


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("UPDATE archived_payouts SET status = 'processing' WHERE status = 'failed'", "what is archived is finished, and nowhere else"),
        ("INSERT INTO payouts SELECT * FROM archived_payouts LIMIT 1", "what is archived is finished, and nowhere else"),
        ("DELETE FROM archived_payouts WHERE row_number = 1", "each batch has all its rows"),
        ("UPDATE archived_payouts SET amount_minor = 1 WHERE row_number = 1", "each batch total is the sum of its rows"),
        ("DELETE FROM archived_changes WHERE version = 2", "each payout has one change per version"),
    ],
)  # fmt: skip
async def test_each_check_finds_what_is_wrong_in_the_archive(planted: str, rule: str, views: Views) -> None:
    archived(views)
    views.execute(planted)
    broken = {finding.rule for finding in ledger.check(views.url, views.schema) if finding.wrong}
    assert rule in broken


async def test_a_backup_holds_archived_payouts_and_gives_them_back(views: Views, database: str, tmp_path: Path) -> None:
    archived(views)
    restored = migrated(database)
    with psycopg.connect(database, options=f"-c search_path={views.schema}") as connection:
        copied = copy_out(connection, tmp_path)
    with psycopg.connect(database, options=f"-c search_path={restored.schema}") as connection:
        copy_in(connection, tmp_path, copied)
    assert differences(views, restored) == {}
    assert copied.tables["payouts"].rows == restored.rows("SELECT count(*) AS n FROM payouts")[0]["n"] > 13

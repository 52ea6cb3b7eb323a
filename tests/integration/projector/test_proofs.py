"""`payflow ledger check` and the comparison of `payflow rebuild`: they pass on good views, and each planted error is found."""

import pytest

from payflow import ledger, rebuild
from services.projector.compare import compare
from tests.integration.projector.views import Views
from tests.support.event_story import everything

PLANTED = {
    "entries of each currency sum to zero": "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE leg = 0 "
    'AND "offset" = (SELECT max("offset") FROM ledger_entries)',
    "entries of each event record sum to zero": 'UPDATE ledger_entries SET "offset" = 1000000 WHERE leg = 0 '
    'AND "offset" = (SELECT max("offset") FROM ledger_entries)',
    "no entry is zero": 'INSERT INTO ledger_entries SELECT partition, "offset", 99, merchant_id, account, currency, 0, entry_type, '
    "NULL, NULL, 0, 0 FROM ledger_entries LIMIT 1",
    "each balance is the fold of its entries": "UPDATE balances SET balance_minor = balance_minor + 1 WHERE account = 'available'",
    "available and held were never below zero": "UPDATE ledger_entries SET amount_minor = -amount_minor "
    "WHERE entry_type = 'payment_received' AND merchant_id = 'acme' AND currency = 'USD'",
    "held is what open payouts hold": "UPDATE payouts SET amount_minor = amount_minor + 1 WHERE status = 'processing'",
    "each batch total is the sum of its rows": "UPDATE payouts SET status = 'failed' WHERE batch_id IS NOT NULL "
    "AND status = 'completed'",
    "each batch has all its rows": "DELETE FROM payouts WHERE row_number = 1",
    "each batch counts its rows that wait": "UPDATE batches SET waiting_rows = waiting_rows + 1",
    "each payout has one change per version": "DELETE FROM payout_changes WHERE version = 2",
    "what is archived is finished, and nowhere else": "CREATE TABLE month PARTITION OF archived_payouts DEFAULT; "
    "INSERT INTO archived_payouts SELECT * FROM payouts LIMIT 1",
}


@pytest.mark.parametrize("seed", range(4))
async def test_good_views_pass_every_check(seed: int, views: Views) -> None:
    await views.project(everything(seed).records, 13)
    findings = ledger.check(views.url, views.schema)
    assert [finding for finding in findings if finding.wrong or not finding.looked] == []


@pytest.mark.parametrize("rule", [check.rule for check in ledger.CHECKS])
async def test_each_check_finds_what_breaks_its_rule(rule: str, views: Views) -> None:
    await views.project(everything(0).records, 40)
    views.execute(PLANTED[rule])
    [finding] = [finding for finding in ledger.check(views.url, views.schema) if finding.rule == rule]
    assert finding.wrong
    assert finding.first
    assert finding.first in "\n".join(ledger.lines([finding]))


async def test_equal_views_compare_as_the_same(views: Views, other_views: Views) -> None:
    story = everything(1)
    await views.project(story.records, 3)
    await other_views.project(story.records, 17)
    with views.connect() as live, other_views.connect() as rebuilt:
        verdicts = compare(live, rebuilt)
    assert all(verdict.same for verdict in verdicts)
    assert all(verdict.hashes[0] == verdict.hashes[1] for verdict in verdicts)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("UPDATE balances SET balance_minor = 7 WHERE account = 'held' AND merchant_id = 'zebra'", "balance_minor: live"),
        ("DELETE FROM credits WHERE merchant_id = 'zebra'", "only the live views have"),
        ("UPDATE bank_accounts SET holder = 'Somebody'", "holder: live [removed], rebuilt [removed]"),
    ],
)
async def test_the_first_difference_is_said_without_personal_data(
    planted: str, said: str, views: Views, other_views: Views
) -> None:
    story = everything(1)
    for schema in (views, other_views):
        await schema.project(story.records, 40)
    other_views.execute(planted)
    with views.connect() as live, other_views.connect() as rebuilt:
        [verdict] = [verdict for verdict in compare(live, rebuilt) if not verdict.same]
    assert said in str(verdict.difference)
    assert verdict.hashes[0] != verdict.hashes[1]
    assert "DIFFERENT" in "\n".join(rebuild.lines(rebuild.Verdict([verdict])))

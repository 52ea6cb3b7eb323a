"""Filters on what is shown and not stored: every state with every reason, through the law and through Postgres (API-19, LIF-17)."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.batch.view import LEVELS
from domain.payout.attention import level_of
from runtime.ids import mint
from schemas.ids import row_payout_id
from schemas.words import PayoutStatus, Reason
from services.gateway import rows
from services.gateway.filters import Conditions, Paging, payout_conditions
from services.gateway.ranked import Place, ranked_payouts
from services.gateway.store import Store
from tests.integration.projector.views import Views

BATCH = """INSERT INTO batches (id, merchant_id, partition, created_at, updated_at, phase, funding, on_row_failure, source, submit, row_count,
sums_minor, last_offset) SELECT %s::uuid, %s, 3, 1, 1, %s, 'all_or_nothing', 'continue', 'api', true, 3, '{}', 1"""
PAYOUT = """INSERT INTO payouts (id, merchant_id, partition, batch_id, row_number, created_at, amount_minor, currency, fee_minor, version,
status, reason, updated_at, attempt_count, inquiry_count, completed_at, failed_at, canceled_at)
SELECT %s::uuid, %s, 3, %s::uuid, %s, 1, 100, 'USD', 0, 1, %s, %s, 1, 0, 0, %s, %s, %s"""
ENDED = {"completed": (1, None, None), "failed": (None, 1, None), "canceled": (None, None, 1), "returned": (1, None, None)}
STORED = [None, *(reason for reason in Reason if reason is not Reason.UNSEALED)]
MANY = 20_000


def insert(views: Views, payout_id: str, merchant: str, status: str, reason: str | None, batch: str | None = None) -> None:
    row = int(payout_id[-8:], 16) if batch is not None else None
    values = (payout_id, merchant, batch, row, status, reason, *ENDED.get(status, (None, None, None)))
    views.execute(PAYOUT, *values)


@pytest.fixture
async def held(views: Views) -> AsyncIterator[Store]:
    """Every state with every reason that can be stored with it, alone and in a sealed batch, and rows of an open one."""
    sealed, unsealed = mint()[:-8] + "0" * 8, mint()[:-8] + "0" * 8
    views.execute(BATCH, sealed, "acme", "released")
    views.execute(BATCH, unsealed, "acme", "open")
    for number, (status, reason) in enumerate(itertools.product(PayoutStatus, STORED), 1):
        if (reason is Reason.INSUFFICIENT_FUNDS) != (status is PayoutStatus.REJECTED):
            continue
        insert(views, mint(), "acme", status, reason)
        insert(views, row_payout_id(sealed, number), "acme", status, reason, sealed)
    for number in (1, 2, 3):
        insert(views, row_payout_id(unsealed, number), "acme", "pending", None, unsealed)
    insert(views, row_payout_id(unsealed, 4), "acme", "canceled", None, unsealed)
    store = Store(views.url, views.schema)
    await store.open()
    yield store
    await store.close()


async def everything(store: Store) -> list[dict[str, Any]]:
    return [rows.whole_payout(row) for row in await store.payouts(Conditions(), Paging(limit=1000))]


def level(form: dict[str, Any]) -> str:
    return level_of(PayoutStatus(form["status"]), Reason(form["reason"]) if form["reason"] else None)


async def ids(store: Store, limit: int = 1000, **query: str) -> list[str]:
    """All that match, page by page behind the last id."""
    found: list[str] = []
    while True:
        paging = Paging(limit=limit, cursor=found[-1] if found else None, by_cursor=True)
        page = await store.payouts(payout_conditions(query), paging)
        found += [row["id"] for row in page[:limit]]
        if len(page) <= limit:
            assert await store.count_payouts(payout_conditions(query)) == len(found)
            return found


WANTED = ["unsealed", "unsealed,funds", "UNSEALED, schedule,unsealed", "funds,approval"]


@pytest.mark.parametrize("reason", WANTED)
async def test_api_19_a_reason_finds_what_is_shown_with_it(held: Store, reason: str) -> None:
    words = {word.strip() for word in reason.lower().split(",")}
    wanted = [form["id"] for form in await everything(held) if form["reason"] in words]
    assert wanted
    assert await ids(held, reason=reason) == wanted
    assert await ids(held, limit=2, reason=reason) == wanted


async def test_api_19_rows_of_an_open_batch_are_found_by_unsealed_and_no_others(held: Store) -> None:
    forms = await everything(held)
    [batch] = {form["batch_id"] for form in forms if form["reason"] == "unsealed"}
    found = await held.rows_of(batch, payout_conditions({"reason": "unsealed"}), None, 10)
    assert [row["row_number"] for row in found] == [1, 2, 3]
    after = await held.rows_of(batch, payout_conditions({"reason": "unsealed,funds"}), found[0]["id"], 10)
    assert [row["row_number"] for row in after] == [2, 3]
    [other] = {form["batch_id"] for form in forms} - {None, batch}
    assert await held.rows_of(other, payout_conditions({"reason": "unsealed"}), None, 10) == []


@pytest.mark.parametrize("chosen", [(one,) for one in LEVELS] + [("warning", "info"), ("info", "none"), LEVELS])
async def test_api_19_attention_finds_what_the_law_says_of_every_state_and_reason(
    held: Store, chosen: tuple[str, ...]
) -> None:
    forms = await everything(held)
    assert {level(form) for form in forms} == set(LEVELS)
    assert await ids(held, attention=",".join(chosen)) == [form["id"] for form in forms if level(form) in chosen]


async def test_con_07_the_order_by_attention_is_the_laws_and_has_every_payout_once(held: Store) -> None:
    place, found = Place(), list[Any]()
    while page := await ranked_payouts(held, Conditions(), place, 7):
        found += page
        place = page[-1][1]
    forms = {form["id"]: form for form in await everything(held)}
    assert Counter(row["id"] for row, _ in found) == Counter(forms.keys())
    assert [there.rank for _, there in found] == [LEVELS.index(level(forms[row["id"]])) for row, _ in found]
    assert [there for _, there in found] == sorted(
        (there for _, there in found), key=lambda p: (p.rank, -int(p.id.replace("-", ""), 16))
    )


CROWD = """INSERT INTO payouts (id, merchant_id, partition, batch_id, created_at, amount_minor, currency, fee_minor, version, status, reason,
updated_at, attempt_count, inquiry_count, completed_at) SELECT gen_random_uuid(), 'm' || (n %% 200), 3, NULL, 1, 100, 'USD', 0, 1,
CASE WHEN n %% 50 = 0 THEN 'pending' ELSE 'completed' END, CASE WHEN n %% 100 = 0 THEN 'funds' END, 1, 0, 0,
CASE WHEN n %% 50 = 0 THEN NULL ELSE 1 END FROM generate_series(1, %s) n"""
BATCHES = """INSERT INTO batches (id, merchant_id, partition, created_at, updated_at, phase, funding, on_row_failure, source, submit, row_count,
sums_minor, last_offset) SELECT gen_random_uuid(), 'm' || (n %% 200), 3, 1, 1, CASE WHEN n %% 20 = 0 THEN 'open' ELSE 'released' END,
'all_or_nothing', 'continue', 'api', true, 3, '{}', 1 FROM generate_series(1, %s) n"""
QUERIES = [{"reason": reason} for reason in WANTED[:2]] + [{"attention": one} for one in (*LEVELS, "warning,info")]


@pytest.mark.parametrize("query", QUERIES, ids=str)
async def test_api_19_one_merchants_page_reads_no_table_whole(held: Store, views: Views, query: dict[str, str]) -> None:
    views.execute(CROWD, MANY)
    views.execute(BATCHES, MANY // 4)
    views.execute("ANALYZE payouts")
    views.execute("ANALYZE batches")
    wanted = payout_conditions(query)
    wanted.add("p.merchant_id = %s", "m7")
    text = f"SELECT {rows.PAYOUT} FROM {rows.PAYOUT_FROM}{wanted.sql} ORDER BY p.id DESC LIMIT 51".format(payouts="payouts")
    for explained in (text, f"SELECT count(*) FROM all_payouts p{wanted.sql}"):
        plan = "\n".join(row["QUERY PLAN"] for row in await held.all(f"EXPLAIN {explained}", wanted.arguments))
        assert "Seq Scan on payouts" not in plan, plan
        assert "Seq Scan on batches" not in plan, plan

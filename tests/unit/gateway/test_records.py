"""From a row to its log record, masked and the merchant's own only; acts with reasons; lists by attention; places in lists (CON-06 to CON-25)."""

from typing import Any

import orjson
import pytest

from runtime.event_log.one_record import Found
from schemas.ids import row_payout_id
from services.gateway.ranked import BATCHES, COUNT_BATCHES
from tests.unit.gateway.front import BATCH_ID, PAYOUT_ID, Admin, Front, payout_row

SECRET = "0123456789abcdef0123456789abcdef"
LOG = "/api/v1/log/payouts.events/3/120/"
RECIPIENT = {"type": "bank_account", "account_number": "12345678", "name": "Ama Mensah"}
BODY = orjson.dumps({"id": "x", "recipient_details": RECIPIENT}).decode()
VALUE = {
    "merchant_id": "demo",
    "events": [{"type": "rows_added", "rows": [{"amount_minor": 5, "recipient": RECIPIENT}]}, {"holder": "Ama Mensah"}],
    "answer": {"status": 201, "body": BODY},
}
BATCH_ROW: dict[str, Any] = {"id": BATCH_ID, "merchant_id": "demo", "created_at": 1, "updated_at": 1, "phase": "released", "name": None, "reference": None, "funding": "all_or_nothing", "on_row_failure": "continue", "source": "api", "submit": True, "idempotency_key": None, "row_count": 3, "refusal_code": None, "refusal_detail": None, "released_at": 1, "stopped_at": None, "waiting_rows": 0, "version": 3, "last_offset": 9, "partition": 3}  # fmt: skip


def logged(value: object = VALUE) -> Found:
    return Found(5, b"demo", orjson.dumps(value), (("src", b"7"),))


@pytest.fixture
def behind() -> tuple[Front, Admin]:
    admin = Admin()
    front = Front(admin, access="required", secret_key=SECRET)
    front.lookup.held["payouts.events", 3, 120] = logged()
    return front, admin


async def test_a_row_names_its_record_only_if_that_is_asked_for(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    plain = (await front.get("/api/v1/payouts/")).json()["results"][0]
    assert "record" not in plain
    place = {"topic": "payouts.events", "partition": 3, "offset": 120, "index": 1, "href": LOG}
    for path in ("/api/v1/payouts/?include=record", f"/api/v1/payouts/{PAYOUT_ID}/?include=record"):
        answer = (await front.get(path)).json()
        row = answer["results"][0] if "results" in answer else answer
        assert row == {**plain, "record": place}
    for value in ("everything", "", "record,"):
        refused = await front.get(f"/api/v1/payouts/?include={value}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "query/include"), value


async def test_a_record_is_shown_as_it_stands_with_payees_masked(behind: tuple[Front, Admin]) -> None:
    front, admin = behind
    held = admin.key("log:read", merchants=["*"])
    answer = await front.get(LOG, Authorization=f"Bearer {held}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    told = answer.json()
    assert (told["topic"], told["partition"], told["offset"], told["key"]) == ("payouts.events", 3, 120, "demo")
    assert told["headers"] == [{"name": "src", "value": "7"}]
    for personal in ("12345678", "Ama Mensah"):
        assert personal not in answer.text, "at no depth, nor in the answer's own text"
    assert "XXXX5678" in answer.text


async def test_a_merchants_own_key_that_sends_reads_its_record_whole(behind: tuple[Front, Admin]) -> None:
    front, admin = behind
    sends = await front.get(LOG, Authorization=f"Bearer {admin.key('log:read', 'payouts:write')}")
    only_reads = await front.get(LOG, Authorization=f"Bearer {admin.key('log:read')}")
    assert "12345678" in sends.text
    assert "12345678" not in only_reads.text


async def test_nobody_reads_the_amounts_of_deposits_here(behind: tuple[Front, Admin]) -> None:
    """Who could would confirm an account without its statement (API-28)."""
    front, admin = behind
    asked = {"type": "start_verification", "amounts_minor": [7, 13], "currency": "USD"}
    tried = {"type": "confirm_verification", "amounts": ["0.07", "0.13"]}
    deposits = [{"reference": "d1", "amount_minor": 7}]
    paid = {"type": "bank_account_changed", "verification": {"deposits": deposits}, "postings": [{"amount_minor": -7}]}
    credited = {"type": "merchant_credited", "amount_minor": 400}
    for held in (admin.key("log:read", merchants=["*"]), admin.key("log:read", "payouts:write")):
        for body, shown in ((asked, "[removed]"), (tried, "[removed]"), (paid, "d1"), (credited, "400")):
            front.lookup.held["payouts.events", 3, 120] = logged({"merchant_id": "demo", "body": body, "events": [body]})
            told = (await front.get(LOG, Authorization=f"Bearer {held}")).text
            assert shown in told, body
            for amount in ("0.07", "[7,13]", ":7", "-7"):
                assert amount not in told, body


async def test_another_merchants_record_is_the_same_404_as_none(behind: tuple[Front, Admin]) -> None:
    front, admin = behind
    other = admin.key("log:read", merchants=["other"])
    foreign = await front.get(LOG, Authorization=f"Bearer {other}")
    none = await front.get("/api/v1/log/payouts.events/3/121/", Authorization=f"Bearer {other}")
    assert (foreign.status_code, foreign.json()["detail"]) == (404, none.json()["detail"])
    front.lookup.held["payouts.events", 3, 120] = Found(5, b"demo", b"\xff not json", ())
    assert (await front.get(LOG, Authorization=f"Bearer {other}")).status_code == 404
    whole = await front.get(LOG, Authorization=f"Bearer {admin.key('log:read', merchants=['*'])}")
    assert (whole.status_code, whole.json()["value"]) == (200, None)


@pytest.mark.parametrize("place", ["payouts.secret/3/120", "payouts.events/8/0", "payouts.events/-1/0", "payouts.events/3/1e3", "payouts.events/3/" + "9" * 19])  # fmt: skip
async def test_what_is_no_place_is_404_and_asks_nobody(front: Front, place: str) -> None:
    front.lookup.away = True
    assert (await front.get(f"/api/v1/log/{place}/")).status_code == 404


async def test_a_log_that_is_away_is_503(front: Front) -> None:
    front.lookup.away = True
    answer = await front.get(LOG)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")


async def test_con_06_acts_say_why_not_by_state(front: Front) -> None:
    front.store.payouts_held = [payout_row(status="processing", version=4)]
    told = (await front.get(f"/api/v1/payouts/{PAYOUT_ID}/actions/")).json()
    acts = {act["action"]: act for act in told["actions"]}
    assert told["version"] == 4
    assert (acts["cancel"]["allowed"], acts["cancel"]["code"]) == (False, "invalid_state_transition")
    assert acts["cancel"]["reason"].startswith("A payout cannot go from processing to canceled; legal moves")
    assert (acts["cancel"]["method"], acts["cancel"]["href"]) == ("POST", f"/api/v1/payouts/{PAYOUT_ID}/cancel/")
    assert acts["edit"]["reason"].startswith("Only pending payouts can be updated.")
    assert acts["reveal"] == {**acts["reveal"], "allowed": True, "code": None, "reason": None, "destructive": False}


async def test_con_06_acts_say_why_not_by_who_asks() -> None:
    admin = Admin()
    front = Front(admin, access="required", secret_key=SECRET)
    front.store.payouts_held = [payout_row()]
    front.store.batches_held = [{**BATCH_ROW, "phase": "open"}]
    for role, may in (("viewer", False), ("operator", True)):
        token, _ = admin.session((role, ["demo"]))
        cookie = {"Cookie": f"__Host-payflow_session={token}"}
        acts = {
            a["action"]: a for a in (await front.get(f"/api/v1/payouts/{PAYOUT_ID}/actions/", **cookie)).json()["actions"]
        }
        assert acts["cancel"]["allowed"] is may
        assert (acts["cancel"]["code"] == "forbidden") is not may
        batch = {
            a["action"]: a for a in (await front.get(f"/api/v1/batches/{BATCH_ID}/actions/", **cookie)).json()["actions"]
        }
        assert batch["seal"]["allowed"] is may


async def test_con_06_another_merchants_acts_are_404(front: Front) -> None:
    front.store.payouts_held, front.store.batches_held = [payout_row()], [BATCH_ROW]
    for path in (f"/api/v1/payouts/{PAYOUT_ID}/actions/", f"/api/v1/batches/{BATCH_ID}/actions/"):
        assert (await front.get(path)).status_code == 200
        assert (await front.get(path, X_Merchant_Id="other")).status_code == 404


async def test_con_05_the_table_of_moves_is_there_for_the_diagram(front: Front) -> None:
    states = {state["state"]: state for state in (await front.get("/api/v1/lifecycle/")).json()["states"]}
    assert states["pending"] == {
        "state": "pending",
        "moves": ["canceled", "processing"],
        "is_final": False,
        "is_under_way": True,
    }
    assert states["failed"]["is_final"]


async def test_con_07_batches_by_attention_go_on_behind_their_place(front: Front) -> None:
    ranked = [{**BATCH_ROW, "id": BATCH_ID[:-1] + str(n), "rank": rank} for n, rank in ((5, 0), (4, 1), (3, 1))]
    front.store.answers[BATCHES], front.store.answers[COUNT_BATCHES] = ranked, [{"count": 3}]
    told = (await front.get("/api/v1/batches/?order=attention&limit=2")).json()
    assert ([row["id"][-1] for row in told["results"]], told["count"]) == (["5", "4"], 3)
    assert told["next_cursor"] == f"1:{BATCH_ID[:-1]}4"
    await front.get(f"/api/v1/batches/?order=attention&attention=warning&cursor={told['next_cursor']}")
    arguments = front.store.asked[-1][1]
    assert (arguments["rank"], arguments["id"], arguments["levels"]) == (1, f"{BATCH_ID[:-1]}4", [1])


async def test_con_07_payouts_by_attention_are_asked_level_by_level_until_the_page_is_full(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    told = (await front.get("/api/v1/payouts/?order=attention&limit=2")).json()
    assert len(told["results"]) == 2
    asked = [" ".join(conditions.parts) + str(conditions.arguments) for conditions in front.store.seen]
    assert ["requires_action" in asked[0], "failed" in asked[1]] == [True, True]
    assert told["next_cursor"].startswith("1:")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("payouts/?order=size", "query/order"),
        ("payouts/?order=attention&page=2", "query/page"),
        ("payouts/?order=attention&offset=10", "query/offset"),
        ("batches/?order=attention&offset=10", "query/offset"),
        ("batches/?attention=urgent", "query/attention"),
        (f"batches/?order=attention&cursor={BATCH_ID}", "query/cursor"),
        (f"batches/?order=attention&cursor=9:{BATCH_ID}", "query/cursor"),
        (f"batches/{BATCH_ID}/rows/?from_row=0", "query/from_row"),
        (f"batches/{BATCH_ID}/rows/?from_row=1000001", "query/from_row"),
        (f"batches/{BATCH_ID}/rows/?from_row=5&cursor={PAYOUT_ID}", "query/from_row"),
        ("ledger/?direction=up", "query/direction"),
        ("ledger/?cursor=abc", "query/cursor"),
        ("ledger/?cursor=1:2&page=1", "query/cursor"),
    ],
)
async def test_a_bad_parameter_is_400_and_is_named(front: Front, query: str, pointer: str) -> None:
    front.store.batches_held = [BATCH_ROW]
    answer = await front.get(f"/api/v1/{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


async def test_con_10_a_page_of_rows_begins_at_any_row(front: Front) -> None:
    front.store.batches_held = [BATCH_ROW]
    await front.get(f"/api/v1/batches/{BATCH_ID}/rows/?from_row=50000")
    assert front.store.rows_asked == [(BATCH_ID, row_payout_id(BATCH_ID, 49_999))]


async def test_api_26_a_credits_entry_says_what_its_sender_wrote(front: Front) -> None:
    entry = {"partition": 3, "offset": 9, "merchant_id": "demo", "account": "available", "currency": "USD", "amount_minor": 5, "entry_type": "payment_received", "payout_id": None, "batch_id": None, "payout_count": 0, "created_at": 1}  # fmt: skip
    told = {"credit_reference": "wire-1", "credit_description": "October top-up"}
    silent = {"credit_reference": "wire-2", "credit_description": None}
    front.store.entries_held = [{**entry, "leg": 2, **told}, {**entry, "leg": 1, **silent}, {**entry, "leg": 0}]
    shown = (await front.get("/api/v1/ledger/")).json()["results"]
    assert [(one["reference"], one["description"]) for one in shown] == [
        ("wire-1", "October top-up"),
        ("wire-2", "payment received"),
        (None, "payment received"),
    ]


async def test_con_12_the_ledger_goes_on_by_cursor_and_shows_one_direction(front: Front) -> None:
    entry = {"partition": 3, "leg": 0, "merchant_id": "demo", "account": "available", "currency": "USD", "amount_minor": -5, "entry_type": "payout_hold", "payout_id": None, "batch_id": None, "payout_count": 1, "created_at": 1}  # fmt: skip
    front.store.entries_held = [{**entry, "offset": offset} for offset in (9, 8, 7)]
    told = (await front.get("/api/v1/ledger/?limit=2&direction=debit&include=record")).json()
    assert ([row["id"] for row in told["results"]], told["next_cursor"]) == (["3-9-0", "3-8-0"], "8:0")
    assert told["results"][0]["record"]["href"] == "/api/v1/log/payouts.events/3/9/"
    await front.get("/api/v1/ledger/?cursor=8:0")
    assert '("offset", leg) < (%s, %s)' in front.store.seen[-1].parts
    assert front.store.seen[-1].arguments[-2:] == [8, 0]

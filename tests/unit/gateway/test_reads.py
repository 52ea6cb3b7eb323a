"""Reads over HTTP with views in memory: whose data, which ETag, which next page, how fresh (API-14 to API-20, SEC-06)."""

import asyncio
import json
from typing import Any

import pytest
import yarl

from domain.intake.headers import read_match
from runtime.clock import SystemClock
from services.gateway import door, rows
from services.gateway.door import etag_of
from services.gateway.proxy import target
from services.ingest.in_flight import InFlight, Submission
from tests.unit.gateway.front import BATCH_ID, PAYOUT_ID, Front, payout_row
from tests.unit.gateway.test_records import BATCH_ROW

UNDECIDED = [
    f"/api/v1/payouts/{PAYOUT_ID}",
    f"/api/v1/payouts/{PAYOUT_ID}/events/",
    f"/api/v1/batches/{BATCH_ID}/",
    f"/api/v1/batches/{BATCH_ID}/rows/",
]


@pytest.mark.parametrize("path", UNDECIDED)
async def test_api_14_what_is_undecided_is_202_with_its_location(front: Front, path: str) -> None:
    front.ingest.pending = {PAYOUT_ID: "demo", BATCH_ID: "demo"}
    for answer in [await front.get(path), await front.get(path, X_Merchant_Id="demo")]:
        assert answer.status_code == 202
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["location"] in path
        assert answer.json()["status"] == "undecided"


@pytest.mark.parametrize("path", UNDECIDED)
async def test_sec_06_an_undecided_id_of_another_merchant_is_the_same_404(front: Front, path: str) -> None:
    unknown = await front.get_traced(path, X_Merchant_Id="other")
    front.ingest.pending = {PAYOUT_ID: "demo", BATCH_ID: "demo"}
    foreign = await front.get_traced(path, X_Merchant_Id="other")
    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert foreign.json() == unknown.json()


async def test_sec_06_ingest_names_an_undecided_subject_only_to_its_merchant() -> None:
    known = InFlight()
    known.add(Submission("demo", PAYOUT_ID, asyncio.get_running_loop().create_future(), durable=True))
    assert [known.is_pending(PAYOUT_ID, merchant) for merchant in (None, "demo", "other")] == [True, True, False]


@pytest.mark.parametrize("path", [*UNDECIDED, "/api/v1/payouts/nonsense", "/api/v1/batches/nonsense", "/api/v1/merchants"])
@pytest.mark.parametrize("merchant", ["NO!", ""])
async def test_a_malformed_merchant_header_is_400_whatever_is_asked(front: Front, path: str, merchant: str) -> None:
    answer = await front.get(path, X_Merchant_Id=merchant)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "header/X-Merchant-Id")


async def test_sec_06_merchants_with_the_header_only_the_own_one(front: Front) -> None:
    assert [found["id"] for found in (await front.get("/api/v1/merchants/")).json()["results"]] == ["demo", "other"]
    own = (await front.get("/api/v1/merchants/", X_Merchant_Id="other")).json()
    assert [found["id"] for found in own["results"]] == ["other"]


async def test_api_27_deactivated_merchants_are_listed_only_when_asked_for(front: Front) -> None:
    front.store.merchants_held[1]["active"] = False
    listed = [(await front.get(f"/api/v1/merchants/{query}")).json() for query in ("", "?active=true", "?active=false")]
    assert [[row["id"] for row in found["results"]] for found in listed] == [["demo"], ["demo"], ["other"]]
    assert listed[2]["results"][0]["idempotency_key_required"] is False
    refused = await front.get("/api/v1/merchants/?active=no")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "query/active")


async def test_api_27_merchants_come_page_by_page_and_all_are_counted(front: Front) -> None:
    """The list and its count ended at 1,000, and nothing said that there were more."""
    pattern = front.store.merchants_held[0]
    front.store.merchants_held = [{**pattern, "id": f"m{number:04}"} for number in range(1203)]
    plain = (await front.get("/api/v1/merchants/")).json()
    assert (plain["count"], len(plain["results"]), plain["next_cursor"]) == (1203, 1000, "m0999")
    seen, cursor = list[str](), ""
    while cursor is not None:
        page = (await front.get(f"/api/v1/merchants/?limit=500&cursor={cursor}")).json()
        seen, cursor = [*seen, *(row["id"] for row in page["results"])], page["next_cursor"]
        assert page["count"] == 1203
    assert seen == [row["id"] for row in front.store.merchants_held]
    some = (await front.get("/api/v1/merchants/?limit=2&offset=1201")).json()
    assert ([row["id"] for row in some["results"]], some["next_cursor"]) == (["m1201", "m1202"], None)
    assert len((await front.get("/api/v1/merchants/?page=3")).json()["results"]) == 10
    one = (await front.get("/api/v1/merchants/?limit=2", X_Merchant_Id="m0003")).json()
    assert (one["count"], [row["id"] for row in one["results"]]) == (1, ["m0003"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=101", "limit"),
        ("cursor=NO!", "cursor"),
        ("cursor=&limit=501", "limit"),
        ("cursor=a&page=2", "cursor"),
        ("offset=-1", "offset"),
    ],
)
async def test_api_27_a_bad_page_of_merchants_is_400(front: Front, query: str, pointer: str) -> None:
    answer = await front.get(f"/api/v1/merchants/?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"query/{pointer}")


async def test_api_28_an_account_shows_how_far_it_is_and_no_amount(front: Front) -> None:
    deposits = [{"reference": "r-1", "amount_minor": 32, "status": "paid"}, {"reference": "r-2", "amount_minor": 45}]
    known = {"id": PAYOUT_ID, "currency": "INR", "deposits": deposits, "started_at": 1, "tries": 1}
    row = {"id": PAYOUT_ID, "merchant_id": "demo", "holder": "Asha", "account_number": "50100012345678", "ifsc": None}
    row |= {"bank_name": None, "account_type": "current", "verified": False, "is_primary": True, "closed_at": 5}
    front.store.accounts_held = [row | {"verification": json.dumps(known)}]
    answer = await front.get("/api/v1/merchants/", X_Merchant_Id="demo")
    [shown] = answer.json()["results"][0]["bank_accounts"]
    assert (shown["account_number"], shown["closed_at"]) == ("XXXXXXXXXXXX5678", "1970-01-01T00:00:00.005Z")
    assert shown["verification"] == {
        "status": "sending",
        "currency": "INR",
        "tries_left": 2,
        "started_at": "1970-01-01T00:00:00.001Z",
    }
    assert not any(secret in answer.text for secret in ("deposits", "r-1", "amount_minor"))


async def test_api_18_merchants_refuses_parameters_that_do_not_exist(front: Front) -> None:
    answer = await front.get("/api/v1/merchants/?activ=true")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "query/activ")


ACCOUNT = {"bank_account_id": BATCH_ID, "holder": "A", "account_number": "123456789", "ifsc": "I", "bank_name": "B", "account_type": "savings", "is_primary": True}  # fmt: skip


async def test_api_20_bodies_that_differ_at_one_version_have_different_etags() -> None:
    shown = [
        payout_row(batch_id=BATCH_ID, row_number=1, batch_phase="open"),
        payout_row(batch_id=BATCH_ID, row_number=1, batch_phase="sealed"),
        payout_row(**ACCOUNT, verified=False),
        payout_row(**ACCOUNT, verified=True),
        payout_row(**ACCOUNT, verified=True, batch_phase="open"),
    ]
    bodies = [rows.payout(row) for row in shown]
    assert len({str(body) for body in bodies}) == len({etag_of(body) for body in bodies}) == len(shown)
    assert [read_match(etag_of(body)) for body in bodies] == [1] * len(shown), "If-Match takes what stands before the hyphen"


async def test_api_20_a_batch_has_an_etag_for_if_match_and_no_304__BAT_13(front: Front) -> None:
    """Its counts move at the same version; the tag moves with them, and If-Match takes the version alone."""
    path = f"/api/v1/batches/{BATCH_ID}/"
    tags = []
    for waiting in (0, 2):
        front.store.batches_held = [{**BATCH_ROW, "waiting_rows": waiting}]
        answer = await front.get(path)
        assert answer.json()["version"] == BATCH_ROW["version"]
        tags.append(answer.headers["etag"])
    assert len(set(tags)) == 2
    assert {read_match(tag) for tag in tags} == {BATCH_ROW["version"]}
    held = await front.get(path, If_None_Match=tags[1])
    assert (held.status_code, held.headers["etag"]) == (200, tags[1])


async def test_api_20_a_plain_payout_has_its_version_as_etag(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    answer = await front.get(UNDECIDED[0])
    assert answer.headers["etag"] == '"1"'
    for held in ('"1"', '"0", "1"', 'W/"1"', "*"):
        assert (await front.get(UNDECIDED[0], If_None_Match=held)).status_code == 304
    assert (await front.get(UNDECIDED[0], If_None_Match='"1-u"')).status_code == 200


@pytest.mark.parametrize("query", ["min_amount=1.%C2%B2", "max_amount=%C2%B2", "min_amount=1.%D9%A3", "limit=%C2%B2"])
async def test_api_19_digits_of_other_scripts_are_400(front: Front, query: str) -> None:
    assert (await front.get(f"/api/v1/payouts/?{query}")).status_code == 400


@pytest.mark.parametrize("position", ["²:1", "1:²", "1", "x:1", "1:-1", "", "999:1", "8:0", "1:" + "9" * 60])
async def test_a_position_that_cannot_be_is_400_at_once(front: Front, position: str) -> None:
    raw = {"Payflow_Position": position.encode("latin-1")}
    async with asyncio.timeout(1):
        answer = await front.get("/api/v1/payouts/", **raw)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "header/Payflow-Position")


async def test_a_read_that_does_not_reach_its_position_says_how_far_behind_it_is(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "READ_WAIT_SECONDS", 0.05)
    front.progress.next_offset[3] = 100
    for position, behind in (("3:99", None), ("3:100", "1"), ("3:141", "42"), ("4:0", "1")):
        answer = await front.get("/api/v1/payouts/", Payflow_Position=position)
        assert (answer.status_code, answer.headers.get("payflow-behind")) == (200, behind)


@pytest.mark.parametrize("query", ["page=1000", "offset=9950&limit=100", "limit=100&offset=10000&status=pending"])
async def test_api_18_at_the_last_page_the_next_link_goes_on_by_cursor(front: Front, query: str) -> None:
    front.store.payouts_held = [payout_row()] * 200
    first = (await front.get(f"/api/payouts/?{query}")).json()
    second = await front.get(first["next"])
    assert second.status_code == 200, second.text
    link = yarl.URL(first["next"])
    assert (link.path, link.query["cursor"]) == ("/api/payouts/", first["next_cursor"])
    assert int(link.query["limit"]) == len(first["results"]) == len(second.json()["results"])
    assert link.query.get("status") == yarl.URL(f"?{query}").query.get("status")


async def test_api_17_before_the_last_page_the_next_link_stays_in_its_way(front: Front) -> None:
    front.store.payouts_held = [payout_row()] * 200
    for query, expected in (("page=999", "page=1000"), ("limit=50&offset=9950", "limit=50&offset=10000")):
        answer = (await front.get(f"/api/payouts/?{query}")).json()
        assert answer["next"] == f"/api/payouts/?{expected}"


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/api/health/",
        "/livez",
        "/api/v1/payouts/",
        UNDECIDED[0],
        UNDECIDED[1],
        "/api/v1/merchants/",
        "/api/schema/",
    ],
)
async def test_head_is_answered_as_get_without_a_body(front: Front, path: str) -> None:
    front.store.payouts_held = [payout_row()]
    got, head = await front.get(path), await front.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers.get("etag") == got.headers.get("etag")


async def test_head_where_nothing_can_be_read_is_405_and_allow_names_it_where_it_can(front: Front) -> None:
    seal = await front.ask("HEAD", f"/api/v1/batches/{BATCH_ID}/seal/")
    deleting = await front.ask("DELETE", "/api/v1/ledger/")
    assert (seal.status_code, seal.headers["allow"]) == (405, "POST")
    assert (deleting.status_code, deleting.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", [UNDECIDED[0], UNDECIDED[1], f"/api/v1/batches/{PAYOUT_ID}"])
async def test_ids_are_read_in_any_case(front: Front, path: str) -> None:
    front.ingest.pending = {PAYOUT_ID: "demo"}
    front.store.payouts_held = [payout_row()]
    for asked in (path, path.replace(PAYOUT_ID, PAYOUT_ID.upper())):
        answer = await front.get(asked)
        assert answer.status_code == (202 if "batches" in path else 200)
        assert PAYOUT_ID.upper() not in answer.headers.get("location", "")


@pytest.mark.parametrize("name", ["cursor", "batch_id"])
async def test_ids_in_parameters_are_read_in_any_case(front: Front, name: str) -> None:
    answer = await front.get(f"/api/v1/payouts/?{name}={PAYOUT_ID.upper()}")
    assert answer.status_code == 200
    if name == "batch_id":
        assert front.store.seen[0].arguments == [PAYOUT_ID]


@pytest.mark.parametrize("path", ["/api/payouts/nonsense/", "/api/v1/nothing/", "/api/payouts/a%20b", "/api/nothing/%C3%A9"])
async def test_err_01_the_instance_is_the_path_that_was_asked(front: Front, path: str) -> None:
    answer = await front.get(path)
    assert (answer.status_code, answer.json()["instance"]) == (404, path)


async def test_err_01_the_instance_is_no_part_of_the_host_header() -> None:
    front = Front(allowed_hosts="evil")
    answer = await front.ask("GET", "/api/v1/nothing", host="evil:80/x?")
    assert answer.json()["instance"] == "/api/v1/nothing"


def _scope(path: str, query: bytes = b"") -> dict[str, Any]:
    return {"type": "http", "path": path, "query_string": query, "headers": [(b"host", b"evil/admin?x=")]}


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("/api/v1/payouts", b"", "http://ingest:1/api/v1/payouts"),
        ("/api/v1/payouts/a b?é#", b"", "http://ingest:1/api/v1/payouts/a%20b%3F%C3%A9%23"),
        ("/api/v1/payouts/%2e%2e", b"", "http://ingest:1/api/v1/payouts/%252e%252e"),
        ("/api/v1/payouts", b"a=%2F&b=c+d&e=\xc3\xa9", "http://ingest:1/api/v1/payouts?a=%2F&b=c+d&e=%C3%A9"),
    ],
)
def test_a_write_goes_to_the_path_it_was_asked_for_whatever_its_host(path: str, query: bytes, url: str) -> None:
    assert str(target("http://ingest:1", _scope(path, query))) == url


@pytest.mark.parametrize(
    "path",
    ["/api/v1/batches/../seal", "/api/v1/batches/./seal", "/api/v1/batches/%2e%2e/seal", "/api/v1/payouts/../cancel/"],
)
async def test_dot_segments_never_reach_ingest(front: Front, path: str) -> None:
    sent: list[Any] = []
    scope = {**_scope(path.replace("%2e", ".")), "method": "POST", "headers": [(b"host", b"localhost")]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await front.app(scope, receive, send)
    assert (sent[0]["status"], front.ingest.passed_on) == (404, [])


async def test_sec_06_two_merchants_that_differ_are_refused(front: Front) -> None:
    for path in ("payouts/?", "balance/?", "feed/sse/?channel=payouts&"):
        answer = await front.get(f"/api/v1/{path}merchant_id=demo&merchant_id=other")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "query/merchant_id")


async def test_con_15_a_payout_and_its_history_say_how_old_the_views_are(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    front.progress._fresh_at = SystemClock().now_ms() - 40_500
    for path in (f"/api/v1/payouts/{PAYOUT_ID}/", f"/api/v1/payouts/{PAYOUT_ID}/events/"):
        answer = await front.get(path)
        assert (answer.status_code, answer.headers["age"]) == (200, "40")

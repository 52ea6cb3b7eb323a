"""Batches by file and by chunks, watched over the feed, with a reconnect in the middle."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
import websockets

from payflow.stack import Stack
from tests.e2e.api import MERCHANT, balance, key, post, until, wallet

DONE = 1200


def _csv(rows: int, prefix: str, amount: str = "10") -> bytes:
    lines = ["msisdn,amount,currency,reference,name"]
    lines += [f"+2567720{row:05d},{amount},UGX,{prefix}-{row},Payee {row}" for row in range(1, rows + 1)]
    return "\n".join(lines).encode()


def _upload(http: httpx2.Client, content: bytes, **fields: str) -> httpx2.Response:
    headers = {"X-Merchant-Id": MERCHANT, "Idempotency-Key": fields.pop("key", key())}
    return http.post(
        "/api/v1/batches/upload/", files={"file": ("rows.csv", content, "text/csv")}, data=fields, headers=headers
    )


async def _watch(url: str, batch_id: str, cut_after: int) -> tuple[list[tuple[str, int]], int]:
    """All (payout, version) told of a batch; the connection is cut after `cut_after` changes and resumed by cursor.

    A batch is told as it stands, which may be ahead of the changes told so far: both have to be complete.
    """
    told: list[tuple[str, int]] = []
    paid: set[str] = set()
    counted = False
    cursor: str | None = None
    cuts = 0
    done = False
    while not done:
        async with websockets.connect(url.replace("http", "ws", 1) + "/api/v1/feed/") as socket:
            request: dict[str, Any] = {"type": "subscribe", "channel": f"batch:{batch_id}", "rows": False, "fold": False}
            await socket.send(json.dumps({**request, "resume": cursor} if cursor else request))
            async for text in socket:
                message = json.loads(text)
                assert message["type"] != "error", message
                cursor = message.get("cursor", cursor)
                told += [(change["id"], change["version"]) for change in message.get("changes", ())]
                paid |= {change["id"] for change in message.get("changes", ()) if change["status"] == "completed"}
                counted = counted or (message["type"] == "batch" and message["batch"]["counts"]["completed"] == DONE)
                done = counted and len(paid) == DONE
                if done or (not cuts and len(told) >= cut_after):
                    cuts += not done
                    break
    return told, cuts


def test_valid_rows_go_without_the_others_when_asked_and_a_repeat_says_the_same__BAT_09_IDM_03(http: httpx2.Client) -> None:
    before, tag, mine = balance(http, "UGX"), key()[:8], {"Idempotency_Key": key(), "X_Merchant_Id": MERCHANT}
    rows = [wallet("+256772990001", "10", reference=f"{tag}-1"), wallet("+7"), wallet("+256772990003", "30")]
    rows.append(wallet("+256772990004", "40", reference=f"{tag}-1"))
    body = {"rows": rows, "declared": {"row_count": 4, "sums": {"UGX": "1080"}}}
    assert post(http, body, "/api/v1/batches/", **mine).json()["code"] == "invalid_rows"
    body["on_invalid_rows"] = "accept_valid"
    taken, again = [post(http, body, "/api/v1/batches/", **mine) for _ in range(2)]
    assert (taken.status_code, again.status_code, again.content) == (201, 200, taken.content), taken.text
    told = [(fault["row"], fault["pointer"], fault["code"]) for fault in taken.json()["refused_rows"]["errors"]]
    assert told == [
        ("2", "/rows/1/recipient_details/msisdn", "validation_error"),
        ("4", "/rows/3/reference", "duplicate_reference"),
    ]
    until(http, f"/api/v1/batches/{taken.json()['id']}/", lambda batch: batch["counts"]["completed"] == 2)
    found = http.get(f"/api/v1/batches/{taken.json()['id']}/rows/").json()["results"]
    assert [(row["row"], row["amount"]) for row in found] == [(1, "10"), (2, "30")]
    assert balance(http, "UGX")["total_minor"] == before["total_minor"] - 40


def test_a_filled_batch_counts_what_stayed_out_towards_its_declaration__BAT_02_BAT_07(http: httpx2.Client) -> None:
    declared = {"row_count": 3, "sums": {"UGX": "60"}}
    mine = {"X_Merchant_Id": MERCHANT}
    opened = post(http, {"declared": declared}, "/api/v1/batches/", Idempotency_Key=key(), **mine).json()
    path = f"/api/v1/batches/{opened['id']}"
    rows = [wallet("+256772990011", "10"), wallet("+7", "20"), wallet("+256772990013", "30")]
    chunk = {"rows": rows, "first_row": 1, "on_invalid_rows": "accept_valid"}
    added, again = [post(http, chunk, f"{path}/rows/", **mine) for _ in range(2)]
    assert (added.json()["row_count"], again.content) == (2, added.content), added.text
    assert [fault["row"] for fault in added.json()["refused_rows"]["errors"]] == ["2"]
    sealed = post(http, {}, f"{path}/seal/", Idempotency_Key=key(), **mine)
    assert (sealed.status_code, sealed.json()["phase"]) == (200, "released"), sealed.text
    until(http, f"{path}/", lambda batch: batch["counts"]["completed"] == 2)


def test_a_batch_is_paid_and_the_feed_tells_every_change_once_over_a_reconnect(http: httpx2.Client, stack: Stack) -> None:
    opened = post(http, {"name": "live"}, "/api/v1/batches/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    assert opened.status_code == 201
    batch_id = opened.json()["id"]
    prefix = key()[:8]

    async def story() -> tuple[list[tuple[str, int]], int]:
        watching = asyncio.create_task(_watch(stack.url, batch_id, cut_after=900))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(_fill_and_seal, http, batch_id, prefix)
        return await asyncio.wait_for(watching, 60)

    told, cuts = asyncio.run(story())
    assert cuts == 1
    assert len(told) == len(set(told)), "no change is told twice"
    versions: dict[str, list[int]] = {}
    for payout_id, version in told:
        versions.setdefault(payout_id, []).append(version)
    assert len(versions) == DONE
    shown = _versions(http, batch_id)
    broken = {name: (seen, shown[name]) for name, seen in versions.items() if seen != list(range(1, shown[name] + 1))}
    assert not broken, f"each row's changes come once, in order, without gap, up to what REST shows: {broken}"


def _versions(http: httpx2.Client, batch_id: str) -> dict[str, int]:
    """The version that REST shows of each row: 3, or more if the provider let one wait."""
    shown: dict[str, int] = {}
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": 500, "cursor": cursor} if cursor else {"limit": 500}
        page = http.get(f"/api/v1/batches/{batch_id}/rows/", params=params).json()
        shown |= {row["id"]: row["version"] for row in page["results"]}
        cursor = page["next_cursor"]
    return shown


def _fill_and_seal(http: httpx2.Client, batch_id: str, prefix: str) -> None:
    path = f"/api/v1/batches/{batch_id}"
    for first in range(1, DONE + 1, 400):
        rows = [wallet(f"+2567730{row:05d}", "5", reference=f"{prefix}-{row}") for row in range(first, first + 400)]
        answer = post(
            http, {"rows": rows, "first_row": first}, f"{path}/rows/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT
        )
        assert answer.status_code == 200, answer.text
    declared = {"declared": {"row_count": DONE, "sums": {"UGX": str(5 * DONE)}}}
    sealed = post(http, declared, f"{path}/seal/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    assert sealed.status_code == 200, sealed.text


def test_bat_03_a_csv_upload_is_accepted_paid_and_adds_up(http: httpx2.Client) -> None:
    answer = _upload(http, _csv(600, key()[:8]), name="salaries")
    assert answer.status_code == 201, answer.text
    batch = until(http, f"/api/v1/batches/{answer.json()['id']}/", lambda b: b["counts"]["completed"] == 600)
    assert batch["sums"][0]["paid"] == "6000"
    assert batch["progress"] == {"done": 600, "total": 600, "percent": 100}
    rows = http.get(f"/api/v1/batches/{batch['id']}/rows/", params={"limit": 500}).json()
    rest = http.get(f"/api/v1/batches/{batch['id']}/rows/", params={"limit": 500, "cursor": rows["next_cursor"]}).json()
    assert [r["row"] for r in rows["results"] + rest["results"]] == list(range(1, 601))
    assert rest["next_cursor"] is None


def test_bat_03_the_same_upload_again_is_the_same_batch(http: httpx2.Client) -> None:
    name, content = key(), _csv(20, key()[:8])
    first, again = _upload(http, content, key=name), _upload(http, content, key=name)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content


def test_a_bad_row_at_the_end_refuses_the_file_before_anything_is_held(http: httpx2.Client) -> None:
    before = balance(http, "UGX")
    content = _csv(900, key()[:8]) + b"\nnot-a-number,10,UGX,last,Nobody"
    answer = _upload(http, content)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid_rows")
    assert problem["errors"][0]["row"] == "901"
    assert balance(http, "UGX")["available_minor"] >= before["available_minor"]


def test_bat_10_all_or_nothing_402_names_the_shortfall_and_holds_no_row(http: httpx2.Client) -> None:
    merchant = f"m-{key()[:8]}"
    post(http, {"id": merchant, "name": "Poor", "main_currency": "UGX"}, "/api/v1/merchants/", Idempotency_Key=key())
    body = {"rows": [wallet(amount="600"), wallet(amount="600")]}
    answer = post(http, body, "/api/v1/batches/", Idempotency_Key=key(), X_Merchant_Id=merchant)
    assert (answer.status_code, answer.json()["shortfalls"]["UGX"]["shortfall"]) == (402, "1200")
    batch = http.get(f"/api/v1/batches/{answer.json()['batch_id']}/").json()
    assert (batch["phase"], batch["counts"]["canceled"]) == ("refused", 2)
    assert balance(http, "UGX", merchant)["held_minor"] == 0


def test_bat_07_a_wrong_declaration_refuses_the_whole_batch_and_shows_both(http: httpx2.Client) -> None:
    body = {"rows": [wallet(amount="1")], "declared": {"row_count": 2}}
    answer = post(http, body, "/api/v1/batches/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "declaration_mismatch")
    assert (problem["declared"]["row_count"], problem["counted"]["row_count"]) == (2, 1)


def test_bat_02_an_unsealed_batch_never_pays(http: httpx2.Client) -> None:
    batch = post(http, {"name": "open"}, "/api/v1/batches/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT).json()
    rows = {"rows": [wallet(amount="3")], "first_row": 1}
    post(http, rows, f"/api/v1/batches/{batch['id']}/rows/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    single = post(http, wallet(amount="3")).json()
    until(http, f"/api/v1/payouts/{single['id']}/", lambda p: p["status"] == "completed")
    [row] = http.get(f"/api/v1/batches/{batch['id']}/rows/").json()["results"]
    assert (row["status"], row["reason"], row["attempt_count"]) == ("pending", "unsealed", 0)


def test_api_20_the_seal_changes_what_is_shown_of_a_row_and_so_its_etag(http: httpx2.Client) -> None:
    batch = post(http, {"name": "tags"}, "/api/v1/batches/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT).json()
    path = f"/api/v1/batches/{batch['id']}"
    rows = {"rows": [wallet(amount="3")], "first_row": 1}
    post(http, rows, f"{path}/rows/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    [row] = http.get(f"{path}/rows/").json()["results"]
    before = http.get(f"/api/v1/payouts/{row['id']}/")
    assert (before.json()["reason"], before.headers["etag"]) == ("unsealed", '"1-u"')
    held = {"If-None-Match": before.headers["etag"]}
    assert http.get(f"/api/v1/payouts/{row['id']}/", headers=held).status_code == 304
    sealed = post(http, {}, f"{path}/seal/", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    assert sealed.status_code == 200, sealed.text
    after = http.get(f"/api/v1/payouts/{row['id']}/", headers=held)
    assert (after.status_code, after.json()["reason"] == "unsealed") == (200, False)


@pytest.mark.parametrize(
    ("origin", "answer"), [("http://evil.example", (403, "application/problem+json")), (None, (101, None))]
)
def test_sec_12_a_foreign_page_does_not_open_the_feed(
    stack: Stack, origin: str | None, answer: tuple[int, str | None]
) -> None:
    async def opened() -> tuple[int, str | None]:
        address = stack.url.replace("http", "ws", 1) + "/api/v1/feed/"
        try:
            async with websockets.connect(address, additional_headers={"Origin": origin or stack.url}):
                return 101, None
        except websockets.InvalidStatus as refused:
            return refused.response.status_code, refused.response.headers["content-type"]

    assert asyncio.run(opened()) == answer

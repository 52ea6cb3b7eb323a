"""The inbox over a real broker (INB-01 to INB-04): each record gets one reply; what cannot be read is kept, and the partition moves on."""

import time
from typing import Any

import msgspec
import pytest

from runtime.ids import mint
from schemas.topics import DEAD_LETTERS, REPLIES
from tests.support.ingest_stack import IngestStack, Message, body_of, wait_for

pytestmark = pytest.mark.integration

PAYOUT = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}


def row(number: int) -> dict[str, Any]:
    return {"amount": "1.00", "currency": "USD", "recipient_details": {"msisdn": f"+25677{number:07}"}}


def plain(kind: str, data: object, key: str | None = None, merchant: str = "demo") -> Message:
    message = {"type": kind, "data": data} | ({"idempotency_key": key} if key else {})
    return merchant.encode(), msgspec.json.encode(message), {}


def binary(kind: str, data: object, ce_id: str, merchant: str = "demo", **more: str) -> Message:
    headers = {"ce_specversion": "1.0", "ce_id": ce_id, "ce_type": f"payflow.{kind}.v1", "ce_source": "/erp", **more}
    return merchant.encode(), msgspec.json.encode(data), {"content-type": "application/json", **headers}


def structured(kind: str, data: object, ce_id: str, merchant: str = "demo", **more: str) -> Message:
    event = {"specversion": "1.0", "id": ce_id, "type": f"payflow.{kind}.v1", "source": "/erp", "data": data, **more}
    return merchant.encode(), msgspec.json.encode(event), {"content-type": "application/cloudevents+json; charset=utf-8"}


def answered(stack: IngestStack, messages: list[Message], *, shift: int = 0) -> list[dict[str, Any]]:
    """Send and wait for one reply to each, in the order of the messages."""
    places = stack.produce(stack.inbox, messages, shift=shift)

    def found() -> dict[tuple[int, int], dict[str, Any]] | None:
        replies = {(reply["partition"], reply["offset"]): reply for reply in map(body_of, stack.records(REPLIES.name))}
        return replies if set(places) <= set(replies) else None

    replies = wait_for("a reply to each record", found)
    return [replies[place] for place in places]


def one(stack: IngestStack, message: Message) -> dict[str, Any]:
    return answered(stack, [message])[0]


@pytest.mark.parametrize("form", [plain, binary, structured], ids=["plain", "binary", "structured"])
def test_a_payout_is_asked_for_in_each_form__INB_01(stack: IngestStack, form: Any) -> None:
    key = mint()
    reply = one(stack, form("request_payout", PAYOUT, key))
    assert (reply["result"], reply["status"], reply["code"]) == ("accepted", 201, None)
    assert (reply["merchant_id"], reply["kind"], reply["idempotency_key"]) == ("demo", "request_payout", key)
    assert reply["body"]["id"] == reply["subject"]
    assert reply["position"]


def test_a_reply_is_a_cloud_event_keyed_by_its_merchant__INB_03(stack: IngestStack) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    [(partition, offset)] = stack.produce(stack.inbox, [binary("request_payout", PAYOUT, mint(), traceparent=trace)])

    def found() -> Any:
        ce_id = f"{stack.inbox}/{partition}/{offset}".encode()
        return [record for record in stack.records(REPLIES.name) if dict(record.headers).get("ce_id") == ce_id]

    [record] = wait_for("the reply", found)
    headers = dict(record.headers)
    assert record.key == b"demo"
    assert (headers["ce_type"], headers["traceparent"]) == (b"payflow.reply.v1", trace.encode())


def test_a_repeat_is_a_duplicate_that_names_the_original__INB_03(stack: IngestStack) -> None:
    key = mint()
    first, again, other = answered(
        stack,
        [
            binary("request_payout", PAYOUT, key),
            structured("request_payout", PAYOUT, mint(), idempotencykey=key),
            plain("request_payout", {**PAYOUT, "amount": "2.00"}, key),
        ],
    )
    assert (first["result"], again["result"]) == ("accepted", "duplicate")
    assert (again["subject"], again["body"]) == (first["subject"], first["body"])
    assert (other["result"], other["status"], other["code"]) == ("refused", 409, "idempotency_conflict")


def test_the_inbox_and_rest_share_keys__IDM_02(stack: IngestStack) -> None:
    key = mint()
    with stack.client as client:
        made = client.post("/api/v1/payouts", json=PAYOUT, headers={"X-Merchant-Id": "demo", "Idempotency-Key": key})
    reply = one(stack, plain("request_payout", PAYOUT, key))
    assert (reply["result"], reply["subject"], reply["body"]) == ("duplicate", made.json()["id"], made.json())


def test_a_batch_is_opened_filled_and_sealed_without_waiting_for_replies__INB_01(stack: IngestStack) -> None:
    opening = mint()
    opened, first, second, sealed, late = answered(
        stack,
        [
            plain("open_batch", {"name": "From the ERP", "declared": {"row_count": 3}}, opening),
            plain("add_rows", {"batch_key": opening, "first_row": 1, "rows": [row(1), row(2)]}, mint()),
            plain("add_rows", {"batch_key": opening, "first_row": 3, "rows": [row(3)]}, mint()),
            plain("seal_batch", {"batch_key": opening, "declared": {"sums": {"USD": "3.00"}}}, mint()),
            plain("add_rows", {"batch_key": opening, "first_row": 4, "rows": [row(4)]}, mint()),
        ],
    )
    assert [reply["result"] for reply in (opened, first, second, sealed)] == ["accepted"] * 4
    assert (sealed["subject"], sealed["body"]["row_count"], sealed["body"]["phase"]) == (opened["subject"], 3, "released")
    assert (late["result"], late["code"]) == ("refused", "batch_sealed")


def test_a_batch_is_found_by_its_key_after_a_restart__INB_01(stack: IngestStack) -> None:
    opening = mint()
    opened = one(stack, plain("open_batch", {}, opening))
    stack.restart_ingest(hard=True)
    reply = one(stack, plain("cancel_batch", {"batch_key": opening, "reason": "wrong file"}, mint()))
    assert (reply["result"], reply["status"], reply["subject"]) == ("accepted", 204, opened["subject"])


def test_a_payout_is_canceled_and_money_comes_in__INB_01(stack: IngestStack) -> None:
    made = one(stack, plain("request_payout", PAYOUT, mint()))
    canceled, credited = answered(
        stack,
        [
            plain("cancel_payout", {"payout_id": made["subject"], "reason": "wrong payee"}, mint()),
            plain("credit_merchant", {"amount": "5.00", "currency": "USD", "reference": mint()}, mint()),
        ],
    )
    assert (canceled["result"], canceled["status"], canceled["body"]) == ("accepted", 204, None)
    assert (credited["result"], credited["body"]["amount"]) == ("accepted", "5.00")


def test_a_record_in_the_wrong_partition_is_still_its_keys__INB_02(stack: IngestStack) -> None:
    [reply] = answered(stack, [plain("request_payout", PAYOUT, mint())], shift=1)
    assert (reply["result"], reply["body"]["merchant_id"]) == ("accepted", "demo")


def test_no_header_can_name_another_merchant__INB_02(stack: IngestStack) -> None:
    spoofed = {"X-Merchant-Id": "other", "ce_merchantid": "other", "ce_partitionkey": "other", "ce_subject": "other"}
    reply = one(stack, binary("request_payout", PAYOUT, mint(), **spoofed))
    assert (reply["merchant_id"], reply["body"]["merchant_id"]) == ("demo", "demo")


def test_a_record_naming_another_merchant_is_in_the_audit_trail__INB_02(stack: IngestStack) -> None:
    before = len(stack.audit())
    spoofed = [
        plain("request_payout", PAYOUT, mint(), merchant="stranger"),
        plain("request_payout", {**PAYOUT, "merchant_id": "other"}, mint()),
    ]
    replies = answered(stack, spoofed)
    assert [reply["code"] for reply in replies] == ["forbidden"] * 2
    rows = stack.audit()[before:]
    upstream = stack.inbox.rpartition(".")[2]
    places = {f"{reply['topic']}/{reply['partition']}/{reply['offset']}" for reply in replies}
    assert {row["subject"] for row in rows} == places
    assert {(row["actor"], row["action"], row["outcome"]) for row in rows} == {
        (f"inbox:{upstream}", "inbox.foreign_merchant", "refused")
    }
    assert sorted(merchant for row in rows for merchant in row["merchants"]) == ["other", "stranger"]


def test_while_the_trail_is_away_nothing_is_refused_in_silence__INB_02(stack: IngestStack) -> None:
    before = len(stack.audit())
    with stack.paused("identity"):
        [(partition, offset)] = stack.produce(stack.inbox, [plain("request_payout", PAYOUT, mint(), merchant="stranger")])
        time.sleep(2)
        assert stack.audit()[before:] == []
    place = f"{stack.inbox}/{partition}/{offset}"
    wait_for("the row of what was refused", lambda: any(row["subject"] == place for row in stack.audit()))


def test_refusals_carry_the_codes_of_rest__INB_03(stack: IngestStack) -> None:
    cases: list[tuple[Message, str, int]] = [
        (plain("request_payout", {**PAYOUT, "amount": "-1"}, mint()), "validation_error", 400),
        (plain("request_payout", {**PAYOUT, "amount": "99999999.00", "currency": "EUR"}, mint()), "insufficient_funds", 402),
        (plain("request_payout", PAYOUT), "idempotency_key_required", 400),
        (plain("request_payout", PAYOUT, "a b"), "idempotency_key_invalid", 400),
        (plain("request_payout", PAYOUT, mint(), merchant="stranger"), "forbidden", 403),
        (plain("request_payout", {**PAYOUT, "merchant_id": "other"}, mint()), "forbidden", 403),
        (plain("request_payout", PAYOUT, mint(), merchant="inboxed"), "unknown_merchant", 400),
        (plain("add_rows", {"batch_key": mint(), "first_row": 1, "rows": [row(1)]}, mint()), "not_found", 404),
        (plain("add_rows", {"first_row": 1, "rows": [row(1)]}, mint()), "validation_error", 400),
        (plain("add_rows", {"batch_id": mint(), "rows": [row(1)]}, mint()), "validation_error", 400),
        (plain("add_rows", {"batch_id": mint(), "first_row": 1, "rows": [{}]}, mint()), "invalid_rows", 400),
        (plain("seal_batch", {"batch_id": mint()}, mint()), "not_found", 404),
        (plain("cancel_payout", {"payout_id": mint()}, mint()), "not_found", 404),
        (plain("cancel_payout", {"payout_id": "x"}, mint()), "validation_error", 400),
        (plain("open_batch", {"rows": []}, mint()), "validation_error", 400),
        (plain("credit_merchant", {"amount": "5.00", "currency": "USD"}, mint()), "validation_error", 400),
    ]
    replies = answered(stack, [message for message, _, _ in cases])
    told = [(reply["result"], reply["code"], reply["status"]) for reply in replies]
    assert told == [("refused", code, status) for _, code, status in cases]


UNREADABLE: dict[str, tuple[Message, str]] = {
    "no value": ((b"demo", None, {}), "no_value"),
    "no JSON": ((b"demo", b"hello", {}), "bad_json"),
    "bad UTF-8": ((b"demo", b'{"type":"\xff"}', {}), "bad_json"),
    "duplicate keys": ((b"demo", b'{"type":"open_batch","type":"open_batch","data":{}}', {}), "bad_json"),
    "deep nesting": ((b"demo", b"[" * 100_000, {}), "bad_json"),
    "no object": ((b"demo", b"[]", {}), "bad_envelope"),
    "no data": ((b"demo", b'{"type":"open_batch"}', {}), "bad_envelope"),
    "unknown member": ((b"demo", b'{"type":"open_batch","data":{},"colour":1}', {}), "bad_envelope"),
    "unknown type": (plain("launch_rocket", {}, "k"), "unknown_type"),
    "no type": ((b"demo", b'{"data":{}}', {}), "unknown_type"),
    "other CloudEvents version": (binary("open_batch", {}, "k", ce_specversion="2.0"), "bad_envelope"),
    "foreign CloudEvents type": (binary("open_batch", {}, "k", ce_type="com.example.thing"), "unknown_type"),
    "oversized": ((b"demo", b" " * (1024 * 1024 + 1), {}), "oversized"),
    "structured without data": (
        (b"demo", b'{"specversion":"1.0","id":"1","type":"payflow.open_batch.v1"}', {}),
        "bad_envelope",
    ),
}


def test_unreadable_records_are_kept_and_the_partition_moves_on__INB_04(stack: IngestStack) -> None:
    before = stack.command_count()
    messages = [message for message, _ in UNREADABLE.values()]
    *replies, last = answered(stack, [*messages, plain("request_payout", PAYOUT, mint())])
    assert {(reply["result"], reply["code"]) for reply in replies} == {("refused", "malformed_body")}
    assert last["result"] == "accepted"
    assert stack.command_count() == before + 1
    letters = {
        (headers["topic"], headers["partition"], headers["offset"]): (record, headers)
        for record in stack.records(DEAD_LETTERS.name)
        for headers in [{name: (value or b"").decode() for name, value in record.headers}]
    }
    for reply, (message, code) in zip(replies, UNREADABLE.values(), strict=True):
        record, headers = letters[stack.inbox, str(reply["partition"]), str(reply["offset"])]
        assert (record.key, record.value, headers["code"]) == (message[0], message[1], code)
        assert headers["reason"]


def test_every_record_gets_one_reply_although_ingest_is_killed__INB_03(stack: IngestStack) -> None:
    keys = [mint() for _ in range(300)]
    messages = [plain("request_payout", {**PAYOUT, "amount": "0.01"}, key) for key in keys]
    places = stack.produce(stack.inbox, messages[:150])
    stack.restart_ingest(hard=True)
    places += stack.produce(stack.inbox, messages[150:])
    stack.restart_ingest(hard=True)

    def found() -> Any:
        replies = [reply for reply in map(body_of, stack.records(REPLIES.name)) if reply["idempotency_key"] in keys]
        return replies if len(replies) >= len(keys) else None

    replies = wait_for("all replies", found, 40)
    assert sorted((reply["partition"], reply["offset"]) for reply in replies) == sorted(places)
    assert {reply["result"] for reply in replies} == {"accepted"}
    made = {reply["subject"] for reply in replies}
    assert len(made) == len(keys)
    decided = {c.body.payout_id for c in stack.commands("demo") if c.key in keys and hasattr(c.body, "payout_id")}
    assert made <= decided

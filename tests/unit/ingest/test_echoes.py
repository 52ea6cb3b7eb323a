"""What a refusal says back of names that its sender made up is bounded, and a pointer stays a pointer (ERR-01, SEC-10)."""

from typing import Any

import pytest

from domain.access.people import read_person
from domain.intake.faults import NAME_SHOWN
from domain.webhooks.requests import read_endpoint
from services.ingest.files.pain001_grammar import SEQUENCES, Order
from services.ingest.inbox.judge import InboxJudge
from services.ingest.inbox.replies import NAME_MAX, encode, headers
from tests.unit.ingest.conftest import GOOD, Ingest
from tests.unit.ingest.test_inbox_audit import Trail, record

LONG = "n" * 100_000


@pytest.mark.parametrize(
    "body", [{**GOOD, LONG: 1}, {**GOOD, "recipient_details": {"account": "12345", LONG: "v"}}, {**GOOD, "currency": LONG},
             {**GOOD, "reference": LONG}, {**GOOD, "description": LONG}, {**GOOD, "merchant_id": LONG}]
)  # fmt: skip
async def test_sec_10_an_answer_does_not_grow_with_a_name(ingest: Ingest, body: dict[str, Any]) -> None:
    answer = await ingest.post("/payouts", body)
    assert answer.status_code == 400
    assert len(answer.content) < 2_000


async def test_sec_08_an_account_that_was_sent_as_a_number_is_not_said_back(ingest: Ingest) -> None:
    number = "44112233445566778899"
    content = b'{"recipient_details":{"account_number":%s}}' % number.encode()
    answer = await ingest.client.post("/api/v1/payouts", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert number[:12] not in answer.text
    assert "20 digits" in answer.json()["detail"]


async def test_err_01_a_name_with_slashes_is_one_step_of_its_pointer(ingest: Ingest) -> None:
    answer = await ingest.post("/payouts", {**GOOD, "a/b~c": 1})
    assert answer.json()["errors"][0]["pointer"] == "/a~1b~0c"
    assert [fault.pointer for fault in read_person({"a/b": 1}) if "b" in fault.pointer] == ["/a~1b"]  # type: ignore[union-attr]
    assert "/a~1b" in [fault.pointer for fault in read_endpoint({"a/b": 1}, plain=True)]  # type: ignore[union-attr]


async def test_inb_03_a_reply_does_not_grow_with_what_its_record_calls_itself(ingest: Ingest) -> None:
    envelope = {"ce_specversion": "1.0", "ce_id": LONG, "ce_type": "payflow.request_payout.v1", "traceparent": LONG}
    asked = record(1, LONG.encode())
    asked.headers = [(name, text.encode()) for name, text in envelope.items()] + [("empty", None)]
    [judged] = await InboxJudge(ingest.edge, "erp", frozenset({"demo"}), Trail()).judge([asked])
    assert judged.reply.result == "refused"
    assert judged.reply.message_id == LONG[:NAME_MAX]
    assert len(encode(judged.reply)) < 3_000
    assert sum(len(value) for _, value in headers(asked, judged.reply)) < 1_000


def test_bat_06_an_element_that_is_not_known_is_named_up_to_a_bound() -> None:
    order = Order(next(iter(SEQUENCES["03"].values())))
    told = order.take(LONG)
    assert told == f"{LONG[:NAME_SHOWN]} is not known here"

"""What the headers of an inbox record may say (INB-01, INB-04)."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.unit.ingest.conftest import GOOD, Ingest
from tests.unit.ingest.test_inbox_audit import TOPIC, Trail, judge

BINARY = [("ce_specversion", b"1.0"), ("ce_id", b"k-1"), ("ce_type", b"payflow.request_payout.v1"), ("ce_source", b"/erp")]


def record(headers: list[tuple[str, bytes | None]]) -> Any:
    given = {"topic": TOPIC, "partition": 3, "offset": 1, "timestamp": 1, "key": b"demo", "headers": headers}
    return SimpleNamespace(**given, value=msgspec.json.encode(GOOD))


@pytest.mark.parametrize(
    ("again", "named"),
    [
        (("ce_id", b"k-2"), "ce_id"),
        (("CE_Id", b"k-1"), "ce_id"),
        (("ce_type", b"payflow.open_batch.v1"), "ce_type"),
        (("ce_specversion", b"1.0"), "ce_specversion"),
        (("ce_source", b"/other"), "ce_source"),
    ],
    ids=str,
)
@pytest.mark.parametrize("at", [0, len(BINARY)])
async def test_a_header_that_comes_twice_makes_a_dead_letter__INB_04(
    ingest: Ingest, again: tuple[str, bytes], named: str, at: int
) -> None:
    before = len(ingest.log.commands)
    [judged] = await judge(ingest, Trail()).judge([record([*BINARY[:at], again, *BINARY[at:]])])
    reason = f"the header '{named}' was sent twice; send it once"
    assert (judged.reply.result, judged.reply.code, judged.unreadable) == (
        "refused",
        "malformed_body",
        ("bad_envelope", reason),
    )
    assert reason.encode() in bytes(judged.reply.body or b"")
    assert len(ingest.log.commands) == before


async def test_headers_of_others_may_come_twice__INB_01(ingest: Ingest) -> None:
    others: list[tuple[str, bytes | None]] = [("traceparent", b"x"), ("traceparent", b"y"), ("ce_id", None), ("hop", b"1")]
    [judged] = await judge(ingest, Trail()).judge([record([*BINARY, *others, ("hop", b"2")])])
    assert (judged.reply.result, judged.reply.idempotency_key) == ("accepted", "k-1")

"""The key of an inbox message: one that is given and unusable is refused, never replaced by the event's id (INB-03, IDM-04)."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.unit.ingest.conftest import GOOD, Ingest
from tests.unit.ingest.test_inbox_audit import TOPIC, Trail, judge

EVENT = {"specversion": "1.0", "type": "payflow.request_payout.v1", "source": "/erp", "data": GOOD}
BINARY = {"ce_specversion": "1.0", "ce_type": "payflow.request_payout.v1", "ce_source": "/erp"}


def record(offset: int, value: object, **headers: str) -> Any:
    given = {"topic": TOPIC, "partition": 3, "offset": offset, "timestamp": 1, "key": b"demo"}
    named = [(name, text.encode()) for name, text in headers.items()]
    return SimpleNamespace(**given, headers=named, value=msgspec.json.encode(value))


def structured(offset: int, **more: object) -> Any:
    return record(offset, {**EVENT, "id": f"e-{offset}", **more})


def binary(offset: int, **more: str) -> Any:
    return record(offset, GOOD, **BINARY, ce_id=f"e-{offset}", **more)


UNUSABLE: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a number": (structured, {"idempotencykey": 42}, "malformed_body"),
    "zero": (structured, {"idempotencykey": 0}, "malformed_body"),
    "a number called as in plain form": (structured, {"idempotency_key": 1}, "malformed_body"),
    "a list": (structured, {"idempotencykey": ["k"]}, "malformed_body"),
    "nothing in it": (structured, {"idempotencykey": ""}, "idempotency_key_invalid"),
    "called as in plain form": (structured, {"idempotency_key": "k"}, "malformed_body"),
    "a header with nothing in it": (binary, {"ce_idempotencykey": ""}, "idempotency_key_invalid"),
    "a header called as in plain form": (binary, {"ce_idempotency_key": "k"}, "malformed_body"),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_a_repeat_under_a_key_that_cannot_be_used_pays_nothing__INB_03(ingest: Ingest, case: str) -> None:
    """Each try of an upstream is an event with an id of its own: by that one each would pay."""
    make, more, code = UNUSABLE[case]
    before = len(ingest.log.commands)
    judged = await judge(ingest, Trail()).judge([make(1, **more), make(2, **more)])
    assert [(one.reply.result, one.reply.code) for one in judged] == [("refused", code)] * 2
    assert len(ingest.log.commands) == before


@pytest.mark.parametrize("make", [structured, binary])
async def test_the_key_counts_before_the_id_and_the_id_where_there_is_no_key__INB_03(ingest: Ingest, make: Any) -> None:
    named = {"ce_idempotencykey": "k"} if make is binary else {"idempotencykey": "k"}
    judged = await judge(ingest, Trail()).judge([make(1, **named), make(2, **named), make(3)])
    assert [one.reply.result for one in judged] == ["accepted", "duplicate", "accepted"]
    assert [one.reply.idempotency_key for one in judged] == ["k", "k", "e-3"]


async def test_a_key_that_is_null_is_not_given__INB_01(ingest: Ingest) -> None:
    [judged] = await judge(ingest, Trail()).judge([structured(1, idempotencykey=None)])
    assert (judged.reply.result, judged.reply.idempotency_key) == ("accepted", "e-1")

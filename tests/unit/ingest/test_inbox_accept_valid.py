"""Rows by inbox with `on_invalid_rows`: the same words and the same answer as over REST (BAT-09, INB-01)."""

from types import SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import pytest

from services.ingest.inbox.judge import InboxJudge
from services.ingest.inbox.published import document
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.test_batches import row
from tests.unit.ingest.test_inbox_audit import TOPIC, Trail
from tests.unit.ingest.test_known_rows import taken

VALID = {"on_invalid_rows": "accept_valid"}


def message(offset: int, kind: str, data: dict[str, Any], key: str | None = None) -> Any:
    value = {"type": kind, "idempotency_key": key or f"k{offset}", "data": data}
    given = {"topic": TOPIC, "partition": 0, "offset": offset, "timestamp": 1, "key": b"demo", "headers": []}
    return SimpleNamespace(**given, value=msgspec.json.encode(value))


async def replies(ingest: Ingest, *messages: Any) -> list[Any]:
    trail: Any = Trail()
    judged = await InboxJudge(ingest.edge, "erp", frozenset({"demo"}), trail).judge(messages)
    return [msgspec.json.decode(msgspec.json.encode(one.reply)) for one in judged]


async def test_valid_rows_of_a_message_go_and_the_reply_names_the_others__BAT_09(ingest: Ingest) -> None:
    await taken(ingest, "A", "a")
    rows = [row(1, "x"), row(2), row(3, reference="A"), row(4, "2.00", reference="B")]
    data = {"batch_key": "o", "first_row": 1, "rows": rows, **VALID}
    opened, added, again, sealed = await replies(
        ingest,
        message(1, "open_batch", {"declared": {"row_count": 4}}, "o"),
        message(2, "add_rows", data, "r"),
        message(3, "add_rows", data, "r"),
        message(4, "seal_batch", {"batch_key": "o"}),
    )
    assert [one["result"] for one in (opened, added, again, sealed)] == ["accepted", "accepted", "duplicate", "accepted"], (
        added
    )
    assert (added["body"]["rows"], added["body"]["refused_rows"]["row_count"]) == (2, 2)
    assert [(fault["row"], fault["code"]) for fault in added["body"]["refused_rows"]["errors"]] == [
        ("1", "validation_error"),
        ("3", "duplicate_reference"),
    ]
    assert again["body"] == added["body"]
    assert (sealed["body"]["row_count"], sealed["body"]["phase"]) == (2, "released")


@pytest.mark.parametrize(("word", "known"), [("accept_valid", True), ("reject_all", True), ("maybe", False)])
def test_the_published_schema_has_the_words__INB_01(word: str, *, known: bool) -> None:
    data = {"batch_key": "o", "first_row": 1, "rows": [row(1)], "on_invalid_rows": word}
    asked = {"type": "add_rows", "idempotency_key": "r", "data": data}
    assert jsonschema.Draft202012Validator(document()).is_valid(asked) == known


async def test_with_no_valid_row_and_with_an_unknown_word_a_message_is_refused__BAT_09(ingest: Ingest) -> None:
    await taken(ingest, "A", "a")
    bad = {"batch_key": "o", "first_row": 1, "rows": [row(1, "x")], **VALID}
    known = {**bad, "rows": [row(1, reference="A")]}
    _, *refused = await replies(
        ingest,
        message(1, "open_batch", {}, "o"),
        message(2, "add_rows", bad),
        message(3, "add_rows", known),
        message(4, "add_rows", {**bad, "rows": [row(1)], "on_invalid_rows": "maybe"}),
        message(5, "open_batch", VALID),
    )
    assert [one["code"] for one in refused] == [
        "invalid_rows",
        "duplicate_reference",
        "validation_error",
        "validation_error",
    ]
    assert [one["body"]["errors"][0]["pointer"] for one in refused[2:]] == ["/on_invalid_rows"] * 2
    [batch] = ingest.log.book.batches.values()
    assert batch.row_count == 0

"""Golden messages of the inbox and its replies: what an upstream was told to write and to expect (INB-01, INB-03)."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import pytest

import schemas
from schemas.commands import CancelBatch, SealBatch
from schemas.currencies import enabled
from schemas.forms import BatchDeclaration
from schemas.words import BatchPhase
from services.ingest.inbox.messages import KINDS, Message, read_message
from services.ingest.inbox.reading import Reading
from services.ingest.inbox.replies import Reply

ROOT = Path(schemas.__file__).parent
INBOX = sorted((ROOT / "examples/payouts.inbox").glob("v*/*.json"))
REPLIES = sorted((ROOT / "examples/payouts.replies").glob("v*/*.json"))
EXPORTED = json.loads((ROOT / "exported/inbox.json").read_text())


@pytest.mark.parametrize("path", INBOX, ids=lambda path: path.stem)
def test_an_inbox_example_is_read_as_what_it_says(path: Path) -> None:
    record: Any = SimpleNamespace(headers=(), value=path.read_bytes(), key=b"demo")
    message = read_message(record)
    assert message.kind == path.stem.removesuffix("_structured")
    assert message.data == json.loads(path.read_text())["data"]
    assert message.key or message.message_id


def test_every_kind_of_message_has_an_example() -> None:
    assert {path.stem for path in INBOX} >= KINDS


@pytest.mark.parametrize("path", [path for path in INBOX if "_structured" not in path.stem], ids=lambda path: path.stem)
def test_a_plain_example_is_valid_by_the_exported_schema(path: Path) -> None:
    jsonschema.Draft202012Validator(EXPORTED).validate(json.loads(path.read_text()))


@pytest.mark.parametrize("path", REPLIES, ids=lambda path: path.stem)
def test_a_reply_example_is_valid_by_the_exported_schema(path: Path) -> None:
    reply = json.loads(path.read_text())
    jsonschema.Draft202012Validator({"$ref": "#/$defs/Reply", "$defs": EXPORTED["$defs"]}).validate(reply)
    assert set(reply) <= {field.name for field in msgspec.structs.fields(Reply)}
    assert reply["result"] == path.stem


BATCH_ID = "01a1fce3-eadb-73ce-b132-dc1400000001"
SEEN = {"expected_version": 3}
ENDS: dict[str, tuple[dict[str, Any], Any]] = {
    "cancel_batch": (
        {"reason": "wrong", "expected_phase": "open", **SEEN},
        CancelBatch(batch_id=BATCH_ID, reason="wrong", expected_phase=BatchPhase.OPEN, expected_version=3),
    ),
    "seal_batch": (
        {"declared": {"row_count": 2}, **SEEN},
        SealBatch(batch_id=BATCH_ID, declaration=BatchDeclaration(count=2), expected_version=3),
    ),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_batch_is_sealed_and_dropped_where_it_was_seen_to_stand__BAT_13(kind: str) -> None:
    data, body = ENDS[kind]
    message = {"type": kind, "idempotency_key": "k", "data": {"batch_id": BATCH_ID, **data}}
    jsonschema.Draft202012Validator(EXPORTED).validate(message)
    reading = Reading("demo", enabled({"USD"}), lambda: None)
    assert reading.body(Message(kind, message["data"]), "", BATCH_ID) == body


def test_the_exported_schemas_are_schemas() -> None:
    jsonschema.Draft202012Validator.check_schema(EXPORTED)

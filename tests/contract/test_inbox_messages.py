"""Golden messages of the inbox and its replies: what an upstream was told to write and to expect (INB-01, INB-03)."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import pytest

import schemas
from services.ingest.inbox.messages import KINDS, read_message
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


def test_the_exported_schemas_are_schemas() -> None:
    jsonschema.Draft202012Validator.check_schema(EXPORTED)

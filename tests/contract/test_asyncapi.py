"""The AsyncAPI document: nothing points nowhere, every message is there in every form, and its examples are what it says (API-30, INB-01)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import schemas
from schemas.topics import CATALOGUE, INBOX_PREFIX
from services.ingest.inbox.messages import KINDS

ROOT = Path(schemas.__file__).parent
DOCUMENT: dict[str, Any] = json.loads((ROOT / "exported/asyncapi.json").read_text())
MESSAGES = DOCUMENT["components"]["messages"]


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref" and isinstance(value, str))
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _refs(part)


def _found(ref: str) -> Any:
    found: Any = DOCUMENT
    for step in ref.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _validator(message: str) -> jsonschema.Draft202012Validator:
    schema = MESSAGES[message]["payload"]["schema"]
    return jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_every_reference_leads_somewhere() -> None:
    assert all(_found(ref) for ref in set(_refs(DOCUMENT)))


def test_every_topic_is_a_channel_and_the_feed_too() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert addresses == {topic.name for topic in CATALOGUE} | {
        f"{INBOX_PREFIX}{{upstream}}",
        "/api/v1/feed/",
        "/api/v1/feed/sse/",
    }


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_inbox_message_stands_there_in_three_forms(kind: str) -> None:
    listed = set(DOCUMENT["channels"]["inbox"]["messages"])
    assert {kind, f"{kind}_structured", f"{kind}_binary"} <= listed
    assert MESSAGES[f"{kind}_binary"]["headers"]["properties"]["ce_type"] == {"const": f"payflow.{kind}.v1"}


@pytest.mark.parametrize(
    ("message", "example"),
    [(name, example) for name, message in MESSAGES.items() for example in message.get("examples", ())],
    ids=lambda value: value if isinstance(value, str) else value["name"],
)
def test_an_example_is_what_its_schema_says(message: str, example: dict[str, Any]) -> None:
    _validator(message).validate(example["payload"])


def test_golden_records_of_every_kind_are_what_the_document_says() -> None:
    structured = json.loads((ROOT / "examples/payouts.inbox/v1/request_payout_structured.json").read_text())
    _validator("request_payout_structured").validate(structured)
    _validator("request_payout_binary").validate(structured["data"])
    for topic, message in (("payouts.commands", "Command"), ("payouts.events", "Event")):
        for path in sorted((ROOT / "examples" / topic / "v1").glob("*.json")):
            _validator(message).validate(json.loads(path.read_text()))


def test_a_wrong_message_is_not_what_the_document_says() -> None:
    good = json.loads((ROOT / "examples/payouts.inbox/v1/request_payout.json").read_text())
    for bad in ({**good, "type": "launch"}, {**good, "data": {**good["data"], "amount": 1}}, {**good, "colour": 1}):
        assert not _validator("request_payout").is_valid(bad)

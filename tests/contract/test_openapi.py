"""The one OpenAPI document says what a reader needs, and its examples are requests of its own forms (API-30)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import schemas
from services.gateway.described import ENTRIES as READS
from services.identity.documentation import ENTRIES as PEOPLE
from services.ingest.documentation import ENTRIES as WRITES
from services.webhooks.documentation import ENTRIES as WEBHOOKS

DOCUMENT: dict[str, Any] = json.loads((Path(schemas.__file__).parent / "exported/openapi.json").read_text())
OPERATIONS = {operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()}
HEALTH = {"is_there", "is_alive", "is_ready"}


def _examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    for name, operation in OPERATIONS.items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for example in media.get("examples", {}).values():
                yield name, media["schema"], example["value"]


def test_every_entry_is_an_operation_and_every_operation_an_entry() -> None:
    assert set(OPERATIONS) == set(READS) | set(WRITES) | set(WEBHOOKS) | set(PEOPLE) | HEALTH


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_what_it_answers(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["tags"]
    assert operation["description"]
    good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
    assert all(
        status == "204" or all(media["schema"] for media in answer["content"].values()) for status, answer in good.items()
    )
    bad = {status: answer for status, answer in operation["responses"].items() if status[0] in "45"}
    assert name in HEALTH or all("application/problem+json" in answer["content"] for answer in bad.values())


@pytest.mark.parametrize("name", sorted(name for name, operation in OPERATIONS.items() if "requestBody" in operation))
def test_every_request_has_an_example(name: str) -> None:
    assert name in {of for of, _, _ in _examples()}


@pytest.mark.parametrize(
    ("name", "schema", "example"), list(_examples()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_example_is_a_request_of_its_own_form(name: str, schema: dict[str, Any], example: Any) -> None:
    check = jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    check.validate(example)
    if name != "upload_batch":
        assert not check.is_valid({**example, "colour": "red"})


def test_links_lead_to_operations_and_name_their_parameters() -> None:
    for operation in OPERATIONS.values():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                taken = {parameter["name"] for parameter in OPERATIONS[link["operationId"]].get("parameters", ())}
                assert set(link["parameters"]) <= taken

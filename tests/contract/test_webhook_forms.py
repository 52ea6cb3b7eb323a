"""Every webhook that is sent is what the OpenAPI document says of its type (API-30, WHK-01)."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import schemas
from domain.webhooks import kinds, payload
from domain.webhooks.notice import Notice
from domain.webhooks.payload import Letter, State
from domain.webhooks.tally import Tally, fold
from domain.webhooks.telling import tell
from services.webhooks.subjects import balance_state
from tests.support.event_story import everything

DOCUMENT: dict[str, Any] = json.loads((Path(schemas.__file__).parent / "exported/openapi.json").read_text())


def validator(kind: str) -> jsonschema.Draft202012Validator:
    form = DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**form, "components": DOCUMENT["components"]})


def notices() -> list[Notice]:
    """What a story of every kind of event tells."""
    tallies: dict[str, Tally] = {}
    found: list[Notice] = []
    for offset, record in everything(1, 200).records:
        for part in tell(offset, record):
            if isinstance(part, Notice):
                found.append(part)
            else:
                tallies[part.batch_id], told = fold(tallies.get(part.batch_id), part)
                found += told
    return found


def body(notice: Notice) -> dict[str, Any]:
    letter = Letter(
        id="019b76da-a800-7c3e-9d51-5a0f2c1e7b44",
        merchant_id=notice.merchant_id,
        subject=notice.subject,
        kind=notice.kind,
        version=notice.version,
        order=notice.order,
        at=notice.at,
        own=notice.own,
    )
    state = State(facts={}, current={"status": "completed"}, version=1, moved_on=False)
    if notice.subject.startswith("balance:"):
        state = balance_state(letter, [])
    found: dict[str, Any] = json.loads(payload.body(letter, state))
    return found


def test_every_type_that_can_be_subscribed_is_described() -> None:
    assert set(DOCUMENT["webhooks"]) == {*kinds.KINDS, kinds.TEST}
    for item in DOCUMENT["webhooks"].values():
        headers = {one["name"] for one in item["post"]["parameters"]}
        assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}


def test_what_is_told_is_what_its_form_says() -> None:
    seen: Counter[str] = Counter()
    for notice in notices():
        validator(notice.kind).validate(body(notice))
        seen[notice.kind] += 1
    assert len(seen) > 8, seen


def test_the_test_webhook_is_described() -> None:
    made = json.loads(payload.test_body("019b76da-a800-7c3e-9d51-5a0f2c1e7b44", "demo", 1_767_225_600_000))
    validator(kinds.TEST).validate(made)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "payout.other.v1"},
        {"data": {}},
        {"data": {"recipient": {"type": "bank_account", "account": "1234567890123456"}}},
    ],
)
def test_a_body_of_another_form_is_not_what_it_says(change: dict[str, Any]) -> None:
    good = body(next(one for one in notices() if one.kind == "payout.pending.v1"))
    bad = {**good, **change}
    if change.get("data"):
        bad["data"] = {**good["data"], "payout": {**good["data"]["payout"], **change["data"]}}
    assert not validator("payout.pending.v1").is_valid(bad)

"""The body: its form, its bound, the state beside it; and requests that are refused with all their faults (WHK-01, WHK-03, ERR-04)."""

import json

import pytest

from domain.webhooks.payload import BODY_BYTES_MAX, Letter, State, body
from domain.webhooks.requests import (
    EndpointChange,
    EndpointRequest,
    Selection,
    read_change,
    read_endpoint,
    read_selection,
    read_test,
)

ID = "019b0000-0000-7000-8000-000000000001"
OWN = {"id": "p", "status": "processing", "version": 2}


def letter(**more: object) -> Letter:
    return Letter(
        id=ID,
        merchant_id="acme",
        subject="payout:p",
        kind="payout.processing.v1",
        version=2,
        order=9,
        at=1_767_225_600_000,
        **{"own": OWN, **more},  # type: ignore[arg-type]
    )


def state(version: int = 2, *, moved_on: bool = False, current: object = None) -> State:
    return State(
        facts={"reference": "r"},
        current={"status": "completed"} if current is None else current,
        version=version,
        moved_on=moved_on,
    )  # type: ignore[arg-type]


def test_whk_01_type_timestamp_and_data_with_version_and_order() -> None:
    sent = json.loads(body(letter(), state()))
    assert (sent["id"], sent["type"], sent["timestamp"]) == (ID, "payout.processing.v1", "2026-01-01T00:00:00.000Z")
    assert (sent["data"]["version"], sent["data"]["order"], sent["data"]["merchant_id"]) == (2, 9, "acme")
    assert sent["data"]["payout"] == {"reference": "r", "id": "p", "status": "processing", "version": 2}
    assert sent["data"]["current"] is None


def test_sec_07_what_was_cleaned_takes_the_place_of_what_the_event_said() -> None:
    told = letter(own={**OWN, "failure_reason": "JANE DOE left"})
    cleaned = State(facts={}, current={}, version=2, moved_on=False, said={"failure_reason": "[removed] left"})
    assert json.loads(body(told, cleaned))["data"]["payout"]["failure_reason"] == "[removed] left"


def test_whk_03_a_late_retry_carries_the_current_state_beside_its_own() -> None:
    for sent in (body(letter(tries=1), state()), body(letter(), state(3, moved_on=True))):
        data = json.loads(sent)["data"]
        assert data["payout"]["status"] == "processing"
        assert data["current"] == {"status": "completed"}


def test_whk_01_never_20_kb() -> None:
    sent = body(letter(tries=1), state(current={"text": "€" * 30_000}))
    assert len(sent) < BODY_BYTES_MAX
    assert json.loads(sent)["data"]["truncated"] is True


def pointers(found: object) -> list[str]:
    assert isinstance(found, list)
    return [fault.pointer for fault in found]


def test_an_endpoint_is_read() -> None:
    raw = {"url": "https://example.com/x", "types": ["payout.*", "batch.progress.v1"], "description": "mine"}
    assert read_endpoint(raw, plain=False) == EndpointRequest(
        url="https://example.com/x", types=("payout.*", "batch.progress.v1"), description="mine"
    )
    assert read_change({"enabled": False}, plain=False) == EndpointChange(enabled=False)


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        ([], ["", "/url"]),
        ({}, ["/url"]),
        ({"url": 5}, ["/url"]),
        ({"url": "http://example.com/"}, ["/url"]),
        ({"url": "https://e.com/", "types": ["payout.paid"]}, ["/types/0"]),
        ({"url": "https://e.com/", "types": ["payout.*", "payout.*"]}, ["/types"]),
        ({"url": "https://e.com/", "types": "payout.*"}, ["/types"]),
        ({"url": "https://e.com/", "types": [{"a": 1}, None]}, ["/types/0", "/types/1"]),
        ({"url": "https://e.com/", "description": "a\x00b"}, ["/description"]),
        ({"url": "https://e.com/", "description": "x" * 257}, ["/description"]),
        ({"url": "ftp://e.com/", "secret": "x", "types": 1}, ["/secret", "/url", "/types"]),
    ],
)
def test_bad_endpoints_name_every_fault(raw: object, where: list[str]) -> None:
    assert pointers(read_endpoint(raw, plain=False)) == where


@pytest.mark.parametrize("raw", [{"enabled": 1}, {"enabled": "yes"}, {"url": ""}, {"status": "enabled"}, None])
def test_bad_changes_are_refused(raw: object) -> None:
    assert pointers(read_change(raw, plain=False))


def test_a_test_takes_only_a_usable_secret() -> None:
    assert pointers(read_test({"url": "https://e.com/", "secret": "whsec_x"}, plain=False)) == ["/secret"]


def test_a_selection_by_ids_or_by_range() -> None:
    assert read_selection({"ids": [ID.upper(), ID]}) == Selection(ids=(ID,))
    found = read_selection(
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "status": "failed", "webhook_id": ID}
    )
    assert isinstance(found, Selection)
    assert (found.start, found.end, found.statuses) == (1_767_225_600_000, 1_767_312_000_000, ("failed",))


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        ({}, [""]),
        ({"ids": []}, ["/ids"]),
        ({"ids": ["x"]}, ["/ids/0"]),
        ({"ids": [ID] * 1001}, ["/ids"]),
        ({"ids": [ID], "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, [""]),
        ({"from": "2026-01-01T00:00:00Z"}, [""]),
        ({"from": "yesterday", "to": 5}, ["/from", "/to"]),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, ["/to"]),
        ({"ids": [ID], "status": "pending"}, ["/status"]),
        ({"ids": [ID], "webhook_id": "../x"}, ["/webhook_id"]),
    ],
)
def test_bad_selections_are_refused(raw: object, where: list[str]) -> None:
    assert pointers(read_selection(raw)) == where

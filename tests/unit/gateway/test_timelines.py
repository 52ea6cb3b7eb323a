"""One order for all that happened, parts that are away are named, and nobody sees what their role may not (TML-01, TML-02, LIF-18)."""

import itertools
from typing import Any

import orjson
import pytest

from runtime.http_problems import ProblemError
from services.gateway.timelines import batch as batch_story
from services.gateway.timelines import payout as payout_story
from tests.unit.gateway.front import BATCH_ID, PAYOUT_ID, Admin, Front, Row, payout_row

DAY_MS = 86_400_000


def change(version: int, status: str, offset: int, **given: Any) -> Row:
    """A row of the history."""
    row: Row = {"partition": 3, "offset": offset, "idx": 0, "payout_id": PAYOUT_ID, "version": version, "status": status}
    row |= {"reason": None, "attempt_count": 0, "failure_code": None, "failure_reason": None, "bank_reference_id": None}
    return {**row, "at": offset * 1000, "actor": "api", "command_id": f"c{version}", **given}


def leg(offset: int, number: int, account: str, amount: int, **given: Any) -> Row:
    """A row of the ledger."""
    row: Row = {
        "partition": 3,
        "offset": offset,
        "leg": number,
        "merchant_id": "demo",
        "account": account,
        "currency": "USD",
    }
    row |= {"amount_minor": amount, "entry_type": "payout_hold", "payout_id": PAYOUT_ID, "batch_id": None, "payout_count": 1}
    return {**row, "created_at": offset * 1000, **given}


CHANGES = [
    change(1, "pending", 1, reason="schedule"),
    change(2, "pending", 2, actor="timer"),
    change(3, "processing", 3, attempt_count=1, actor="rails"),
    change(4, "processing", 4, attempt_count=1, reason="retry", failure_code="provider_busy", actor="rails"),
    change(5, "processing", 5, attempt_count=2, actor="timer"),
    change(6, "requires_action", 6, attempt_count=2, reason="outcome_unknown", failure_code="no_answer", actor="timer"),
    change(7, "completed", 7, attempt_count=2, bank_reference_id="B1", actor="rails", at=7000 + DAY_MS),
]
LEGS = [leg(1, 0, "available", -1000), leg(1, 1, "held", 1000), leg(7, 0, "held", -1000, created_at=7000 + DAY_MS)]
DELIVERY = {
    "id": "d1",
    "webhook_id": "w1",
    "type": "payout.completed.v1",
    "status": "delivered",
    "version": 7,
    "attempt_count": 1,
}
DELIVERY |= {"event_at": "1970-01-02T00:00:07Z", "finished_at": "1970-01-02T00:00:08Z", "last_status_code": 200}
ACT = {"at": 6500, "actor": "person:u1", "action": "recipient.revealed", "outcome": "done", "reason": "asked by the bank"}


def told(**given: Any) -> list[Row]:
    """The story of all that."""
    row = payout_row(version=7, provider="simulator", idempotency_key="k-1", **given)
    return payout_story.entries(row, CHANGES, LEGS, [DELIVERY], [ACT])


def test_tml_01_everything_in_one_order_with_places() -> None:
    found = told()
    assert [(entry["kind"], entry["title"]) for entry in found] == [
        ("request", "Taken in"),
        ("posting", "Payout hold on available"),
        ("posting", "Payout hold on held"),
        ("state", "No longer waits for schedule"),
        ("provider_call", "Sent to the provider, try 1"),
        ("provider_answer", "The provider refused for now"),
        ("provider_call", "Sent to the provider, try 2"),
        ("state", "Processing to requires action"),
        ("person", "Recipient revealed"),
        ("provider_answer", "The provider paid it"),
        ("posting", "Payout hold on held"),
        ("webhook", "Webhook payout.completed.v1: delivered"),
    ]
    assert found[0]["detail"]["idempotency_key"] == "k-1"
    assert found[-1]["position"] == {"partition": 3, "offset": 7, "index": 0}, (
        "a webhook tells a change, and stands where that stands"
    )
    assert found[8]["position"] is None
    assert [entry["t_days"] for entry in found][-3:] == [1, 1, 1]
    assert found[0]["t_ms"] == 0
    calls = [entry["detail"]["reference"] for entry in found if entry["kind"] == "provider_call"]
    assert len(set(calls)) == 2, "each try has a reference of its own"
    assert all(entry["at"] and "at_ms" not in entry for entry in found)


def test_a_posting_of_many_payouts_together_says_so() -> None:
    shared = leg(1, 0, "held", 5000, payout_id=None, batch_id=BATCH_ID, payout_count=5)
    [posting] = [
        one for one in payout_story.entries(payout_row(), CHANGES[:1], [shared], [], []) if one["kind"] == "posting"
    ]
    assert posting["title"] == "Payout hold on held, of 5 payouts together"
    assert posting["detail"]["payout_count"] == 5


def test_a_gap_in_the_history_is_seen() -> None:
    assert payout_story.without_gap(7, CHANGES)
    assert not payout_story.without_gap(8, CHANGES)
    assert not payout_story.without_gap(7, [*CHANGES[:3], *CHANGES[4:]])


def move(offset: int, phase: str, idx: int = 0, **given: Any) -> Row:
    """A row of batch_moves."""
    row: Row = {"partition": 3, "offset": offset, "idx": idx, "batch_id": BATCH_ID, "phase": phase, "at": offset * 1000}
    row |= dict.fromkeys(("first_row", "row_count", "code", "detail"))
    return {**row, "actor": "api", "command_id": f"c{offset}", **given}


MOVES = [
    move(1, "open"),
    move(2, "open", first_row=1, row_count=500),
    move(3, "open", first_row=501, row_count=100),
    move(4, "released", row_count=600),
]


def test_lif_18_every_move_of_a_batch_has_from_to_why_who_when_and_where() -> None:
    found = batch_story.history(
        [*MOVES[:3], move(5, "refused", code="insufficient_funds", detail="too little", actor="key:k1")]
    )
    assert [(one["from"], one["to"], one["first_row"], one["rows"]) for one in found] == [
        (None, "open", None, None),
        ("open", "open", 1, 500),
        ("open", "open", 501, 100),
        ("open", "refused", None, None),
    ]
    last = found[-1]
    assert (last["reason"], last["detail"], last["actor"], last["command_id"]) == (
        "insufficient_funds",
        "too little",
        "key:k1",
        "c5",
    )
    assert last["position"] == {"partition": 3, "offset": 5, "index": 0}


def test_con_08_a_batchs_story_puts_chunks_together_and_shows_first_and_last_rows() -> None:
    ends = {"partition": 3, "actor": "rails", "first_at": 5000, "last_at": 9000}
    milestones = [
        {"status": "pending", "reason": None, "changes": 600, "first_offset": 2, "last_offset": 3, **ends},
        {"status": "processing", "reason": None, "changes": 600, "first_offset": 5, "last_offset": 8, **ends},
        {"status": "failed", "reason": None, "changes": 1, "first_offset": 9, "last_offset": 9, **ends},
    ]
    found = batch_story.entries(MOVES, milestones, 600)
    assert [entry["title"] for entry in found] == [
        "Opened",
        "600 rows added",
        "Sealed; its money is held and it runs",
        "First row sent to the provider",
        "Last row sent to the provider so far",
        "First row failed",
    ]
    assert found[1]["detail"]["chunks"] == 2
    assert found[1]["detail"]["last_position"]["offset"] == 3
    assert found[0]["t_ms"] == 0


class Held:
    """The queries of a timeline, by the table they read."""

    def __init__(self, front: Front, changes: list[Row]) -> None:
        self.tables: dict[str, list[Row]] = {"ledger_entries": LEGS, "batch_moves": MOVES, "all_payout_changes": []}
        front.store.all, front.store.changes_of = self.all, self.changes_of
        self._changes = changes

    async def all(self, query: str, arguments: Any = ()) -> list[Row]:
        return next(rows for name, rows in self.tables.items() if f"FROM {name} " in query)

    async def changes_of(self, payout_id: str) -> list[Row]:
        return self._changes


class Webhooks:
    """The webhooks' part: what it answers, or that it is away."""

    def __init__(self, status: int = 200, *, away: bool = False) -> None:
        self.status, self.away = status, away
        self.asked: list[tuple[str, dict[str, str], str]] = []

    async def read(self, path: str, query: dict[str, str], _request: Any, merchant_id: str) -> tuple[int, bytes]:
        self.asked.append((path, query, merchant_id))
        if self.away:
            raise ProblemError("webhooks_unavailable", "away")
        return self.status, orjson.dumps({"results": [DELIVERY]})


def _with_webhooks(front: Front, webhooks: Webhooks) -> None:
    door = front.app.state.door
    front.app.state.door = type(door)(door.store, door.progress, door.proxy, door.identity, webhooks)


async def test_tml_02_the_answer_ends_with_the_next_step_and_the_failure(front: Front) -> None:
    row = payout_row(
        version=6, status="requires_action", reason="outcome_unknown", failure_code="no_answer", attempt_count=2, due_at=9000
    )
    front.store.payouts_held = [row]
    Held(front, CHANGES[:6])
    webhooks = Webhooks()
    _with_webhooks(front, webhooks)
    found = (await front.get(f"/api/v1/payouts/{PAYOUT_ID}/timeline/")).json()
    assert (found["next"]["step"], found["next"]["who"], found["next"]["retry_safe"]) == ("inquire", "nobody", False)
    assert found["next"]["at"] == "1970-01-01T00:00:09.000Z"
    assert (found["failure"]["money_moved"], found["failure"]["retry_safe"]) == ("unknown", False)
    assert (found["attention"], found["without_gap"], found["missing"]) == ("action_required", True, [])
    assert webhooks.asked == [("/api/v1/deliveries", {"payout_id": PAYOUT_ID, "limit": "100"}, "demo")]
    assert {entry["kind"] for entry in found["entries"]} >= {"request", "posting", "webhook"}


@pytest.mark.parametrize(("webhooks", "why"), [(Webhooks(away=True), "away"), (Webhooks(500), "answered 500")])
async def test_a_part_that_is_away_is_named_and_the_rest_is_told(front: Front, webhooks: Webhooks, why: str) -> None:
    front.store.payouts_held = [payout_row(version=7, status="completed")]
    Held(front, CHANGES)
    _with_webhooks(front, webhooks)
    answer = await front.get(f"/api/v1/payouts/{PAYOUT_ID}/timeline/")
    assert answer.status_code == 200
    [missing] = answer.json()["missing"]
    assert (missing["part"], why in missing["why"]) == ("webhooks", True)


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (("payouts:read",), {"webhooks", "people"}),
        (("payouts:read", "webhooks:read"), {"people"}),
        (("payouts:read", "webhooks:read", "audit:read"), set()),
    ],
)
async def test_sec_05_what_a_role_may_not_read_elsewhere_it_does_not_read_here(
    closed: Front, admin: Admin, scopes: tuple[str, ...], missing: set[str]
) -> None:
    Held(closed, CHANGES)
    _with_webhooks(closed, Webhooks())
    key = admin.key(*scopes)
    found = (await closed.get(f"/api/v1/payouts/{PAYOUT_ID}/timeline/", Authorization=f"Bearer {key}")).json()
    assert {lack["part"] for lack in found["missing"]} == missing


async def test_lif_18_a_batch_of_before_the_table_of_moves_says_so(front: Front) -> None:
    names = [
        "name",
        "reference",
        "funding",
        "source",
        "submit",
        "idempotency_key",
        "refusal_code",
        "refusal_detail",
        "released_at",
        "stopped_at",
    ]
    row: Row = {
        **dict.fromkeys(names),
        "id": BATCH_ID,
        "merchant_id": "demo",
        "created_at": 1,
        "updated_at": 1,
        "on_row_failure": "continue",
        "waiting_rows": 0,
        "version": 3,
        "phase": "released",
    }
    front.store.batches_held = [
        {**row, "funding": "all_or_nothing", "source": "api", "submit": True, "on_row_failure": "continue", "row_count": 3}
    ]
    held = Held(front, [])
    assert len((await front.get(f"/api/v1/batches/{BATCH_ID}/events/")).json()["results"]) == 4
    assert (await front.get(f"/api/v1/batches/{BATCH_ID}/timeline/")).json()["missing"] == []
    held.tables["batch_moves"] = []
    [missing] = (await front.get(f"/api/v1/batches/{BATCH_ID}/timeline/")).json()["missing"]
    assert missing["part"] == "moves"


@pytest.mark.parametrize(("what", "which"), list(itertools.product(("payouts", "batches"), ("timeline", "events"))))
async def test_what_is_not_there_is_404(front: Front, what: str, which: str) -> None:
    answer = await front.get(f"/api/v1/{what}/{PAYOUT_ID}/{which}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

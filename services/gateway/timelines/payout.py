"""A payout's story in one order: its request, states, what went to the provider and came back, postings, webhooks, people (TML-01). Pure.

Owns which row tells what, and the order. Must not read anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.payout.view import amounts
from schemas.ids import attempt_reference
from schemas.times import parse_rfc3339, rfc3339

Row = Mapping[str, Any]
Entry = dict[str, Any]

RAILS = "rails"
ASKED = frozenset({"processing", "requires_action"})
DAY_MS = 86_400_000


def entries(
    payout: Row, changes: Sequence[Row], legs: Iterable[Row], deliveries: Iterable[Row], acts: Iterable[Row]
) -> list[Entry]:
    """All of it, by time and place; each with the milliseconds and days since the request."""
    places = {row["version"]: (row["partition"], row["offset"], row["idx"]) for row in changes}
    told = [*_changes(payout, changes), *map(_posting, legs), *_webhooks(deliveries, places), *map(_act, acts)]
    return since_the_first(sorted(told, key=_order))


def without_gap(version: int, changes: Sequence[Row]) -> bool:
    """Whether the changes follow each other up to the version that the payout has."""
    return [change["version"] for change in changes] == list(range(1, version + 1))


def since_the_first(told: list[Entry]) -> list[Entry]:
    """T+N: `t_ms` and `t_days` count from the first entry; what the sort used is left out."""
    first = told[0]["at_ms"] if told else 0
    return [_stamped(entry, first) for entry in told]


def entry(
    kind: str, at_ms: int, title: str, place: tuple[int, int, int] | None, actor: str | None, **detail: object
) -> Entry:
    """One entry. `place` is on the log of events; None for what is not on the log."""
    position = {"partition": place[0], "offset": place[1], "index": place[2]} if place is not None else None
    return {"at_ms": at_ms, "kind": kind, "title": title, "position": position, "actor": actor, "detail": detail}


def _stamped(told: Entry, first: int) -> Entry:
    at = told["at_ms"]
    shown = {name: value for name, value in told.items() if name != "at_ms"}
    return {"at": rfc3339(at), "t_ms": at - first, "t_days": at // DAY_MS - first // DAY_MS, **shown}


ORDER = {"request": 0, "provider_call": 1, "provider_answer": 1, "state": 1, "posting": 2, "webhook": 3, "person": 4}


def _order(told: Entry) -> tuple[int, int, int, int]:
    """By time; of one moment by place on the log, and there causes before effects."""
    position = told["position"]
    at = position["offset"] if position is not None else 1 << 62
    return told["at_ms"], at, ORDER[told["kind"]], position["index"] if position is not None else 0


def _changes(payout: Row, changes: Sequence[Row]) -> Iterable[Entry]:
    before: Row | None = None
    for row in changes:
        yield _change(payout, before, row)
        before = row


def _change(payout: Row, before: Row | None, row: Row) -> Entry:
    moved = {"from": before["status"] if before is not None else None, "to": row["status"], "version": row["version"]}
    why = {
        name: row[name]
        for name in ("reason", "failure_code", "failure_reason", "bank_reference_id")
        if row[name] is not None
    }
    kind, title, more = _told(payout, before, row)
    place = (row["partition"], row["offset"], row["idx"])
    return entry(kind, row["at"], title, place, row["actor"], **moved, **why, **more, command_id=row["command_id"])


def _told(payout: Row, before: Row | None, row: Row) -> tuple[str, str, dict[str, object]]:
    attempt = row["attempt_count"]
    if before is None:
        asked = {
            name: payout[name]
            for name in ("idempotency_key", "batch_id", "row_number", "reference")
            if payout[name] is not None
        }
        return "request", "Taken in", asked
    if row["status"] == "processing" and attempt > before["attempt_count"]:
        sent = {"attempt": attempt, "reference": attempt_reference(row_id(payout), attempt), "provider": payout["provider"]}
        return "provider_call", f"Sent to the provider, try {attempt}", sent
    if before["status"] in ASKED and row["actor"] == RAILS:
        return "provider_answer", _answer(row), {"attempt": attempt, "provider": payout["provider"]}
    return "state", _title(before, row), {}


def row_id(payout: Row) -> str:
    """The payout's id."""
    return str(payout["id"])


def _answer(row: Row) -> str:
    if row["status"] == "processing":
        return "The provider works on it" if row["reason"] == "in_progress" else "The provider refused for now"
    words = {"completed": "The provider paid it", "failed": "The provider refused it", "requires_action": "No clear answer"}
    return words.get(row["status"], "The provider answered")


def _title(before: Row, row: Row) -> str:
    if before["status"] != row["status"]:
        return f"{before['status']} to {row['status']}".replace("_", " ").capitalize()
    if before["reason"] != row["reason"]:
        return (
            f"No longer waits for {before['reason']}"
            if row["reason"] is None
            else f"Waits: {row['reason']}".replace("_", " ")
        )
    return "Changed"


def _posting(row: Row) -> Entry:
    words = str(row["entry_type"]).replace("_", " ").capitalize()
    shared = {"payout_count": row["payout_count"]} if row["payout_count"] != 1 else {}
    place = (row["partition"], row["offset"], row["leg"])
    money = amounts(row["amount_minor"], row["currency"])
    title = f"{words} on {row['account']}" + (f", of {row['payout_count']} payouts together" if shared else "")
    return entry(
        "posting",
        row["created_at"],
        title,
        place,
        None,
        account=row["account"],
        entry_type=row["entry_type"],
        **money,
        **shared,
    )


def _webhooks(deliveries: Iterable[Row], places: Mapping[int, tuple[int, int, int]]) -> Iterable[Entry]:
    """When each was taken or given up, or else when it was made; its place is that of the change that it tells."""
    for row in deliveries:
        names = ("id", "webhook_id", "type", "status", "attempt_count", "next_attempt_at", "last_status_code", "last_error")
        at = parse_rfc3339(str(row.get("finished_at") or row["event_at"]))
        title = f"Webhook {row.get('type')}: {row.get('status')}"
        yield entry(
            "webhook", at, title, places.get(row.get("version") or 0), None, **{name: row.get(name) for name in names}
        )


def _act(row: Row) -> Entry:
    words = str(row["action"]).replace(".", " ").replace("_", " ").capitalize()
    return entry(
        "person", row["at"], words, None, row["actor"], action=row["action"], outcome=row["outcome"], reason=row["reason"]
    )

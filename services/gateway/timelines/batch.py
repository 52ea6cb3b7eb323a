"""A batch's story: what became of it as a whole, and the first and last of its rows at each step (LIF-18, CON-08). Pure.

Owns which row tells what. Must not read anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from schemas.times import rfc3339
from services.gateway.timelines.payout import Entry, entry, since_the_first

Row = Mapping[str, Any]

TITLES = {
    "released": "Sealed; its money is held and it runs",
    "refused": "Refused at its seal",
    "canceled": "Dropped",
    "funded": "Rows got the money they waited for",
    "stopped": "Stopped; rows that were not sent are canceled",
}
STEPS = {
    ("pending", "funds"): "waiting for money",
    ("processing", None): "sent to the provider",
    ("processing", "retry"): "to be tried again",
    ("processing", "in_progress"): "in progress at the provider",
    ("requires_action", "outcome_unknown"): "with an unknown outcome",
    ("completed", None): "paid",
    ("failed", None): "failed",
    ("canceled", None): "canceled",
    ("returned", None): "returned",
}


def history(moves: Sequence[Row]) -> list[dict[str, object]]:
    """What became of a batch, each with from, to, why, who, when, by which command, and its place on the log (LIF-18)."""
    return [_move(before, row) for before, row in pairwise([None, *moves]) if row is not None]


def _move(before: Row | None, row: Row) -> dict[str, object]:
    return {
        "position": {"partition": row["partition"], "offset": row["offset"], "index": row["idx"]},
        "from": before["phase"] if before is not None else None,
        "to": row["phase"],
        "first_row": row["first_row"],
        "rows": row["row_count"],
        "reason": row["code"],
        "detail": row["detail"],
        "actor": row["actor"],
        "command_id": row["command_id"],
        "at": rfc3339(row["at"]),
    }


def entries(moves: Sequence[Row], milestones: Iterable[Row], row_count: int) -> list[Entry]:
    """All of it in the order of the log; chunks of rows that came one after the other are one entry."""
    told = [*_moves(moves), *(one for row in milestones for one in _milestone(row, row_count))]
    return since_the_first(sorted(told, key=lambda one: (one["position"]["offset"], one["position"]["index"])))


def _moves(moves: Sequence[Row]) -> Iterable[Entry]:
    added: list[Row] = []
    for number, row in enumerate(moves):
        if row["phase"] == "open" and row["first_row"] is not None:
            added.append(row)
            continue
        yield from _added(added)
        added = []
        detail = {name: row[name] for name in ("first_row", "row_count", "code", "detail") if row[name] is not None}
        title = TITLES.get(row["phase"], "Opened" if not number else "Changed")
        yield entry(
            "state", row["at"], title, _place(row), row["actor"], to=row["phase"], command_id=row["command_id"], **detail
        )
    yield from _added(added)


def _added(rows: Sequence[Row]) -> Iterable[Entry]:
    if rows:
        first, count = rows[0], sum(row["row_count"] for row in rows)
        last = {"partition": rows[-1]["partition"], "offset": rows[-1]["offset"], "index": rows[-1]["idx"]}
        title = f"{count} row{'s' if count != 1 else ''} added"
        more = {"rows": count, "chunks": len(rows), "last_at": rfc3339(rows[-1]["at"]), "last_position": last}
        yield entry("rows", first["at"], title, _place(first), first["actor"], first_row=first["first_row"], **more)


def _milestone(row: Row, row_count: int) -> Iterable[Entry]:
    """The first row at a step, and the last where that was later."""
    words = STEPS.get((row["status"], row["reason"]))
    if words is None:
        return
    detail = {"status": row["status"], "reason": row["reason"], "changes": row["changes"], "rows": row_count}
    place = (row["partition"], row["first_offset"], 0)
    yield entry("milestone", row["first_at"], f"First row {words}", place, row["actor"], **detail)
    if row["last_offset"] > row["first_offset"]:
        last = (row["partition"], row["last_offset"], 0)
        yield entry("milestone", row["last_at"], f"Last row {words} so far", last, row["actor"], **detail)


def _place(row: Row) -> tuple[int, int, int]:
    return row["partition"], row["offset"], row["idx"]

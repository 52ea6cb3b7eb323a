"""Ways to bend the order of the log and its times: versions, offsets, ends, retries (I5, I9, I16)."""

import copy

from tests.unit.checker.bends.places import Bend, again, drop, event, events, record, table
from tests.unit.checker.bends.requests import moved_after_end
from tests.unit.checker.story import Files


def swap(files: Files, first: int, second: int) -> None:
    rows = events(files)
    rows[first]["value"], rows[second]["value"] = rows[second]["value"], rows[first]["value"]
    rows[first]["headers"], rows[second]["headers"] = rows[second]["headers"], rows[first]["headers"]


def attempt_early(files: Files) -> None:
    """The retry of row 1 comes before it is due."""
    record(files, "attempts_started", 3)["value"]["at"] = record(files, "retries_scheduled")["value"]["at"] + 5


BENDS: list[tuple[str, str, Bend]] = [
    ("I5", "a completed payout is failed", moved_after_end),
    ("I5", "an event comes twice", lambda f: again(f, "payouts_completed")),
    ("I5", "two events change places", lambda f: swap(f, 7, 9)),
    ("I5", "a version is skipped", lambda f: event(f, "payouts_failed")["payouts"][0].update(version=9)),
    ("I5", "a payout that was never born", lambda f: drop(f, "payout_accepted")),
    ("I5", "rows are sent before the seal", lambda f: drop(f, "batch_released")),
    ("I5", "an event of a type nobody knows", lambda f: event(f, "payouts_failed").update(type="payouts_vanished")),
    ("I9", "an offset is skipped", lambda f: events(f).pop(8)),
    ("I9", "a record comes twice", lambda f: events(f).insert(5, copy.deepcopy(events(f)[4]))),
    ("I9", "the views stand one too far", lambda f: table(f, "projection_offsets")[0].update(next_offset=999)),
    ("I9", "the views stand one behind", lambda f: table(f, "projection_offsets")[0].update(next_source=3)),
    (
        "I9",
        "a decision of another command",
        lambda f: events(f)[7]["value"].update(command_id="x") or events(f)[7]["headers"].update(cmd="x"),
    ),
    (
        "I9",
        "an aborted record is taken for committed",
        lambda f: events(f).insert(4, copy.deepcopy(f["events.uncommitted.jsonl"][4])),
    ),
    ("I16", "a retry comes too early", attempt_early),
    ("I16", "a time-out comes too early", lambda f: record(f, "outcomes_unknown")["value"].update(at=1)),
    (
        "I16",
        "a wait is over and nobody acts",
        lambda f: drop(f, "payouts_completed", 2) or f["run.json"].update(quiet_ms=2 * 10**12),
    ),
    ("I16", "a time-out happens twice", lambda f: again(f, "attempts_started", 3)),
]
"""Invariant, what is bent, and how."""

"""Where things stand in the evidence, and bends that any of the others may need: a record again, lost or mute, one more request.

Owns finding them.
"""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from tests.unit.checker.story import Files, ref

Bend = Callable[[Files], object]


def events(files: Files) -> list[dict[str, Any]]:
    return files["events.committed.jsonl"]


def record(files: Files, kind: str, number: int = 0) -> dict[str, Any]:
    """The nth event record that has an event of this type."""
    found = [row for row in events(files) if any(event["type"] == kind for event in row["value"]["events"])]
    return found[number]


def event(files: Files, kind: str, number: int = 0) -> dict[str, Any]:
    """The nth event of this type."""
    found = [one for row in events(files) for one in row["value"]["events"] if one["type"] == kind]
    return found[number]


def again(files: Files, kind: str, number: int = 0) -> None:
    """The nth record of this type a second time, right behind itself, with contiguous offsets behind it."""
    row = record(files, kind, number)
    place = events(files).index(row)
    events(files).insert(place + 1, copy.deepcopy(row))
    for later in events(files)[place + 1 :]:
        later["o"] += 1
        later["value"]["source_offset"] += 1


def drop(files: Files, kind: str, number: int = 0) -> None:
    """The nth record of this type is lost, and what follows moves up."""
    row = record(files, kind, number)
    place = events(files).index(row)
    del events(files)[place]
    for later in events(files)[place:]:
        later["value"]["source_offset"] -= 1


def mute(files: Files, kind: str, number: int = 0) -> None:
    """The nth record of this type says nothing."""
    record(files, kind, number)["value"] |= {"events": [], "outcome": "repeat"}


def line(files: Files, number: int) -> dict[str, Any]:
    return files["journal.jsonl"][number]


def replay_line(files: Files) -> dict[str, Any]:
    return next(row for row in files["journal.jsonl"] if row["headers"].get("idempotency-replayed"))


def reply(row: dict[str, Any], body: dict[str, Any]) -> None:
    row["reply"] = base64.b64encode(json.dumps(body).encode()).decode()


def put(target: dict[str, Any] | list[Any], key: Any, value: Any) -> None:
    target[key] = value


def table(files: Files, name: str, side: str = "sql") -> list[dict[str, Any]]:
    """One side's rows of a table."""
    return files[f"{side}/{name}.jsonl"]


def asked(files: Files, body: dict[str, Any], key: str | None, status: int, answer: dict[str, Any], **more: Any) -> None:
    """One more line in the journal, after all others."""
    last = files["journal.jsonl"][-1]
    row = {**last, "t0": last["t1"] + 100, "t1": last["t1"] + 200, "method": "POST", "path": "/api/v1/payouts/", "key": key}
    row |= {"body": json.dumps(body), "status": status, "headers": {}, "result": "ok" if status < 300 else "refused", **more}
    reply(row, answer)
    files["journal.jsonl"].append(row)


def feed(files: Files, kind: str = "changes") -> list[dict[str, Any]]:
    return [row for row in files["feed.f1.jsonl"] if row["message"].get("type") == kind]


def reads(files: Files) -> list[dict[str, Any]]:
    return [row for row in files["feed.f1.jsonl"] if row["dir"] == "read"]


def booked(files: Files, number: int) -> dict[str, Any]:
    return next(row for row in files["books.jsonl"] if row["reference"] == ref(number) and "table" not in row)


def said(files: Files, number: int) -> list[dict[str, Any]]:
    """What the provider has said of an attempt."""
    return [row for row in files["books.jsonl"] if row["reference"] == ref(number) and "table" in row]


def append(files: Files, row: dict[str, Any]) -> None:
    last = events(files)[-1]
    row["o"], row["value"]["source_offset"] = last["o"] + 1, last["value"]["source_offset"] + 1
    events(files).append(row)


def command(files: Files, kind: str, number: int = 0) -> dict[str, Any]:
    """The body of the nth command of this type."""
    bodies = [row["value"]["body"] for row in files["commands.jsonl"] if row["value"]]
    return [body for body in bodies if body["type"] == kind][number]


def read_line(files: Files, **more: Any) -> dict[str, Any]:
    """One more GET behind all others."""
    last = files["journal.jsonl"][-1]
    row = {**last, "t0": last["t1"] + 100, "t1": last["t1"] + 200, "method": "GET", "key": None, "body": None, "headers": {}}
    row |= {"phase": "read", **more}
    files["journal.jsonl"].append(row)
    return row

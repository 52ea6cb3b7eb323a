"""What faults leave behind in a run that is right: none of it may be called a violation."""

import base64
import copy
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.dump.books import dump_books
from checker.evidence import Evidence, Memory
from checker.fold.attempts import transfers
from checker.judging import judge
from checker.verdict import HOLDS
from tests.unit.checker.bends import asked, booked, event, feed, reads, record
from tests.unit.checker.chapters import tell
from tests.unit.checker.story import P3, Files, ref

pytestmark = pytest.mark.unit

STORY = tell()


def ends_failed_later(files: Files) -> None:
    row = booked(files, 3)
    row |= {"status": "in_progress", "code": "provider_busy", "pays_at": row["received_at"] + 3000}


def pending_then_a_repeat(files: Files) -> None:
    body = {"id": P3[:-1] + "f", "pending": True}
    asked(files, {"amount": "700"}, "k2", 202, body)


def in_flight_after_the_answer(files: Files) -> None:
    asked(files, {"amount": "700"}, "k2", 409, {"code": "idempotency_in_flight"})


def cut_line(files: Files) -> None:
    row = next(row for row in files["journal.jsonl"] if row["key"] == "k5")
    row |= {"status": None, "reply": None, "headers": {}, "result": "unknown", "error": "ConnectionResetError"}


def unavailable(files: Files) -> None:
    problem = {"code": "log_unavailable"}
    asked(files, {"amount": "5"}, "k-away", 503, problem, result="unknown")


def goes_back_on_purpose(files: Files) -> None:
    last = feed(files)[-1]
    head = {"t": last["t"] + 10, "session": 3}
    cursor = feed(files)[-2]["message"]["cursor"]
    channel = last["message"]["channel"]
    asks = {"type": "subscribe", "channel": channel, "resume": cursor}
    told = {"type": "subscribed", "channel": channel, "cursor": cursor, "resumed": True}
    lines = [{**head, "dir": "out", "message": asks}, {**head, "dir": "in", "message": told}, {**last, **head}]
    files["feed.f1.jsonl"][-1:-1] = [{**head, "dir": "open", "message": {}}, *lines]


def views_away(files: Files) -> None:
    reads(files)[2]["message"].update(status=503, version=None)


def letter_kept_twice(files: Files) -> None:
    files["dead_letters.jsonl"].append({**files["dead_letters.jsonl"][0], "o": 1})


def empty_partition(files: Files) -> None:
    for side in ("sql", "sql_rebuilt"):
        files[f"{side}/projection_offsets.jsonl"].append({"partition": 1, "next_offset": 0, "next_source": 0, "last_at": 0})


def waits_for_a_person(files: Files) -> None:
    """The last inquiry is made: only people ask now."""
    late = event(files, "outcomes_unknown")["payouts"][0]
    late["due_at"] = None
    place = record(files, "outcomes_unknown")["o"]
    other = next(row for row in files["events.uncommitted.jsonl"] if row["o"] == place)
    other["value"] = record(files, "outcomes_unknown")["value"]
    for side in ("sql", "sql_rebuilt"):
        rows = files[f"{side}/payout_changes.jsonl"]
        next(row for row in rows if row["offset"] == place)["due_at"] = None


ODDITIES: list[Callable[[Files], None]] = [
    ends_failed_later,
    pending_then_a_repeat,
    in_flight_after_the_answer,
    cut_line,
    unavailable,
    goes_back_on_purpose,
    views_away,
    letter_kept_twice,
    empty_partition,
    waits_for_a_person,
]


@pytest.mark.parametrize("odd", ODDITIES, ids=[odd.__name__ for odd in ODDITIES])
def test_an_honest_oddity_is_no_violation(odd: Callable[[Files], None]) -> None:
    files = copy.deepcopy(STORY)
    odd(files)
    assert json.dumps(files) != json.dumps(STORY)
    found = {name: (verdict.verdict, verdict.first) for name, verdict in judge(Evidence(Memory(files))).items()}
    assert found == dict.fromkeys(found, (HOLDS, None))


def test_a_key_that_a_client_never_learned_of_is_still_counted() -> None:
    """An unknown request may have happened at most once."""
    files = copy.deepcopy(STORY)
    cut_line(files)
    twin = copy.deepcopy(record(files, "payout_accepted", 3))
    twin["value"]["events"][0]["payout_id"] = P3[:-1] + "a"
    files["events.committed.jsonl"].append(twin)
    assert "made" in str(judge(Evidence(Memory(files)))["I4"].first)


def test_the_books_come_straight_from_their_file(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "books.sqlite") as books:
        columns = "reference TEXT, amount TEXT, currency TEXT, payee TEXT, status TEXT, code TEXT, received_at INTEGER, pays_at INTEGER"
        books.execute(f"CREATE TABLE transfers ({columns})")
        books.execute("CREATE TABLE notes (word TEXT)")
        books.execute("INSERT INTO notes VALUES ('x')")
        books.execute(f"INSERT INTO transfers VALUES ('{ref(1)}', '12.50', 'USD', '+1', 'paid', NULL, 7, NULL)")
    assert dump_books(tmp_path / "books.sqlite", tmp_path / "books.jsonl") == {"notes": 1, "transfers": 1}
    rows = [json.loads(line) for line in (tmp_path / "books.jsonl").read_text().splitlines()]
    assert rows[0] == {"word": "x", "table": "notes"}
    found = transfers(Evidence(Memory({"books.jsonl": rows})))
    assert found is not None
    assert [(one.reference, one.paid_at) for one in found] == [(ref(1), 7)]


def test_bytes_that_are_no_json_stay_bytes() -> None:
    unread = next(row for row in STORY["commands.jsonl"] if row["value"] is None)
    read = list(Evidence(Memory(STORY)).records("commands"))[unread["o"]]
    assert read.raw == base64.b64decode(unread["raw"])

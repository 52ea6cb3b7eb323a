"""What faults leave behind in a run that is right: none of it may be called a violation."""

import base64
import copy
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.dump.books import dump_books
from checker.dump.lines import dump_line
from checker.evidence import Evidence, Memory
from checker.fold.attempts import transfers
from checker.invariants.i04_content import Content
from checker.journal import Entry
from checker.judging import judge, table
from checker.verdict import HOLDS, Findings
from tests.unit.checker.bends import HONEST
from tests.unit.checker.bends.places import asked, booked, event, feed, read_line, reads, record, reply, said
from tests.unit.checker.bends.requests import edited
from tests.unit.checker.chapters import tell
from tests.unit.checker.story import BATCH, P3, P5, Files, form, ref, request

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
    files["run.json"]["inquiry_horizon_ms"] = 1000
    place = record(files, "outcomes_unknown")["o"]
    other = next(row for row in files["events.uncommitted.jsonl"] if row["o"] == place)
    other["value"] = record(files, "outcomes_unknown")["value"]
    for side in ("sql", "sql_rebuilt"):
        rows = files[f"{side}/payout_changes.jsonl"]
        next(row for row in rows if row["offset"] == place)["due_at"] = None


def word_cut_off(files: Files) -> None:
    """The provider contradicts itself while its line to us is cut: nobody can know."""
    row = said(files, 2)[0]
    files["books.jsonl"].append({**row, "at": row["at"] + 3000, "status": "paid", "code": None})
    files["faults.jsonl"].append({"t": row["at"] + 2500, "fault": "F19", "action": "cut", "healed": row["at"] + 3500})


def word_lost_by_the_second_rebalance(files: Files) -> None:
    """Rails died and came back before the transfer was asked for; their old session's end moved the partition under the open call."""
    row = said(files, 2)[0]
    files["books.jsonl"].append({**row, "at": row["at"] + 3000, "status": "paid", "code": None})
    asked = row["at"] - 1500
    files["faults.jsonl"].append(
        {"t": asked - 6000, "fault": "F2", "action": "kill_point", "target": "rails-1", "healed": asked - 5900}
    )


def word_at_the_very_end(files: Files) -> None:
    last = files["events.committed.jsonl"][-1]["ts"]
    files["books.jsonl"].append({**said(files, 2)[0], "at": last - 500, "status": "paid", "code": None})


def read_again_after_a_crash(files: Files) -> None:
    """A record of the inbox finds its own decision: still accepted, and 200."""
    files["replies.jsonl"][0]["value"].update(status=200)


def no_key_and_no_value(files: Files) -> None:
    """A record of the inbox that has neither; its letter says so, for no record may be like that on our side."""
    inbox, letter, reply = files["inbox.jsonl"][-1], files["dead_letters.jsonl"][-1], files["replies.jsonl"][-1]
    for row in (inbox, letter):
        del row["raw"]
    inbox["key"], letter["key"] = None, ""
    letter["headers"] = {**letter["headers"], "original-null-key": "1"}
    reply["key"] = reply["value"]["merchant_id"] = None


ODDITIES: list[Callable[[Files], None]] = [
    ends_failed_later,
    pending_then_a_repeat,
    in_flight_after_the_answer,
    cut_line,
    unavailable,
    word_cut_off,
    word_lost_by_the_second_rebalance,
    word_at_the_very_end,
    read_again_after_a_crash,
    no_key_and_no_value,
    goes_back_on_purpose,
    views_away,
    letter_kept_twice,
    empty_partition,
    waits_for_a_person,
    *HONEST,
]


@pytest.mark.parametrize("odd", ODDITIES, ids=[f"{number}: {odd.__name__}" for number, odd in enumerate(ODDITIES)])
def test_an_honest_oddity_is_no_violation(odd: Callable[[Files], None]) -> None:
    files = copy.deepcopy(STORY)
    odd(files)
    assert json.dumps(files) != json.dumps(STORY)
    found = {name: (verdict.verdict, verdict.first) for name, verdict in judge(Evidence(Memory(files))).items()}
    assert found == dict.fromkeys(found, (HOLDS, None))


def test_an_edit_as_asked_is_in_order() -> None:
    files = copy.deepcopy(STORY)
    edited(files, "301")
    verdicts = judge(Evidence(Memory(files)))
    assert {verdicts[name].verdict for name in ("I4", "I13")} == {HOLDS}


def test_a_batch_half_way_has_the_first_rows_of_what_was_asked() -> None:
    """Its client gave up before the seal."""
    content = Content(Findings())
    for one in Evidence(Memory(STORY)).records("events.committed"):
        for told in one.value["events"]:
            content.note(one, told)
    rows = [request(form(amount)) for amount in (400, 600, 800)]
    entry = Entry(1, {"method": "POST", "path": "/batches/", "body": json.dumps({"rows": rows})})
    assert content.wrong(entry, BATCH, whole=False) is None
    assert content.wrong(entry, BATCH) == "3 rows were asked for, 2 are on the log"


@pytest.mark.parametrize(
    ("named", "count", "wrong"), [(["2"], 1, ""), (["1"], 1, "row 1"), ([], 0, "row 2"), ([], 1, "")], ids=str
)
def test_rows_that_the_answer_names_as_refused_are_not_on_the_log__BAT_09(named: list[str], count: int, wrong: str) -> None:
    """Of an answer that does not name them all nothing is said."""
    found = Findings()
    content = Content(found)
    for one in Evidence(Memory(STORY)).records("events.committed"):
        for told in one.value["events"]:
            content.note(one, told)
    rows = [request(form(amount)) for amount in (400, 0, 600)]
    sent = {"rows": rows, "first_row": 1, "on_invalid_rows": "accept_valid"}
    row = {"method": "POST", "path": "/batches/", "body": json.dumps(sent), "status": 200}
    reply(row, {"row_count": 2, "refused_rows": {"row_count": count, "errors": [{"row": row} for row in named]}})
    assert (content.wrong(Entry(1, row), BATCH) or "").startswith(wrong)
    assert bool(content.wrong(Entry(1, row), BATCH)) == bool(wrong)
    content.judge(Entry(1, {**row, "path": f"/batches/{BATCH}/rows/"}))
    assert bool(found.violations) == bool(wrong)


def test_a_feed_may_tell_the_amount_of_a_later_edit() -> None:
    """A change that is read late has the row's newest amount."""
    files = copy.deepcopy(STORY)
    edited(files, "301")
    change = next(one for row in feed(files) for one in row["message"]["changes"] if one["id"] == P5)
    change.update(amount="301", amount_minor=301)
    assert "302" not in str(judge(Evidence(Memory(files)))["I11"].first)
    first = judge(Evidence(Memory(files)))["I11"].first
    change.update(amount="302", amount_minor=302)
    assert judge(Evidence(Memory(files)))["I11"].first != first


@pytest.mark.parametrize("version", [1, 2])
def test_a_row_may_be_read_before_its_batch_is_sealed_and_is_shown_so(version: int) -> None:
    """Not at a later version: then the batch went out."""
    files = copy.deepcopy(STORY)
    row = record(files, "rows_added")["value"]["events"][0]
    payout_id = next(
        one["id"] for one in files["sql/payouts.jsonl"] if one["batch_id"] == row["batch_id"] and one["version"] > 1
    )
    read = read_line(files, path=f"/api/v1/payouts/{payout_id}/", status=200, result="ok")
    reply(read, {"id": payout_id, "reason": "unsealed", "version": version})
    first = judge(Evidence(Memory(files)))["I12"].first
    assert (first is None) == (version == 1), first


def old_harness(files: Files) -> None:
    for name in ("inbox.jsonl", "replies.jsonl", "inbox_committed.json"):
        del files[name]
    for name in ("owed", "form", "not_met"):
        files["run.json"].pop(name, None)
    files["books.jsonl"] = [row for row in files["books.jsonl"] if "table" not in row]


def test_a_run_of_before_holds_and_names_what_it_cannot_say() -> None:
    files = copy.deepcopy(STORY)
    old_harness(files)
    verdicts = judge(Evidence(Memory(files)))
    assert {verdict.verdict for verdict in verdicts.values()} == {HOLDS}
    assert {name for name, verdict in verdicts.items() if verdict.unknown_parts} == {"I6", "I14", "run"}
    assert "unknown_parts" in verdicts["I14"].form()
    assert any("inbox.jsonl" in line for line in table(verdicts))


def test_without_the_words_of_the_provider_our_contradiction_still_counts() -> None:
    files = copy.deepcopy(STORY)
    old_harness(files)
    event(files, "answer_contradicted").update(answer="failed")
    assert judge(Evidence(Memory(files)))["I6"].violations


def test_a_dead_letter_with_nan_is_the_same_as_its_record() -> None:
    files = copy.deepcopy(STORY)
    unread = next(row for row in files["commands.jsonl"] if row["value"] is None)
    for row in (unread, files["dead_letters.jsonl"][0]):
        del row["raw"]
        row["value"] = json.loads('{"x": NaN}')
    assert judge(Evidence(Memory(files)))["I14"].verdict == HOLDS


def test_a_lone_surrogate_breaks_neither_dump_nor_verdict(tmp_path: Path) -> None:
    line = dump_line({"value": json.loads('"\\ud800"')})
    (tmp_path / "x.jsonl").write_text(line, encoding="utf-8")
    assert json.loads(line)["value"] == "\ud800"
    files = copy.deepcopy(STORY)
    files["run.json"]["crashes"] = ["\ud800"]
    assert "\n".join(table(judge(Evidence(Memory(files))))).encode()


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

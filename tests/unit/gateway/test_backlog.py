"""What a client has not been sent: folded per row, then a gap, then 4008; never a change lost without a word (LIV-08)."""

from random import Random
from typing import Any

import orjson
import pytest

from services.gateway.live import backlog as backlog_module
from services.gateway.live import client as client_module
from services.gateway.live import frames
from services.gateway.live.audience import Audience
from services.gateway.live.backlog import Backlog, Owed, State
from services.gateway.live.client import Client, goodbye
from services.gateway.live.cursor import Cursor, parse, parse_resume
from services.gateway.live.subscription import Part, Subscription
from tests.unit.gateway.front import change_row
from tests.unit.gateway.lines import MemoryLine


def _subscription(name: str = "payouts:demo", *, folds: bool = True) -> Subscription:
    return Subscription(name, "payouts", "demo", "demo", Cursor(3, 0), folds=folds)


def _part(to: Subscription, offset: int, *rows: str, size: int = 0) -> Part:
    """A change of each row at an offset; its version is the offset."""
    told = [(row, orjson.dumps({"id": row, "version": offset, "x": "x" * size}), True) for row in rows]
    cursor = Cursor(3, offset, len(rows))
    return Part(Cursor(3, offset), cursor, frames.changes(to.name, to.text(cursor), [text for _, text, _ in told]), told)


def _told(line: MemoryLine) -> list[Any]:
    return [orjson.loads(frame.payload) for frame in line.taken]


def _versions(messages: list[Any]) -> list[tuple[str, int]]:
    return [(change["id"], change["version"]) for message in messages for change in message.get("changes", ())]


def _stalled(monkeypatch: pytest.MonkeyPatch, frames_max: int = 6) -> tuple[Client, MemoryLine]:
    monkeypatch.setattr(backlog_module, "FRAMES_MAX", frames_max)
    line = MemoryLine(ready=False)
    return Client(line.hang_up, line), line


async def test_liv_08_a_stalled_client_hears_the_newest_change_of_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = _stalled(monkeypatch)
    to = _subscription()
    for offset in range(30):
        assert client.put_changes(to, _part(to, offset, "a", "b" if offset == 2 else "a"))
    line.open()
    told = _told(line)
    assert not client.overflowed
    assert len(told) <= 6
    assert ("b", 2) in _versions(told), "a row that moved no more keeps its last word"
    assert _versions(told)[-1] == ("a", 29)
    assert sum(message.get("folded", 0) for message in told) > 0
    assert told[-1]["cursor"] == "3:29:2@demo"
    cursors = [parse(message["cursor"]) for message in told]
    assert cursors == sorted(cursors)  # type: ignore[type-var]


@pytest.mark.parametrize("seed", range(30))
async def test_liv_08_whatever_was_folded_a_client_that_is_cut_goes_on_without_loss(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after any frame, it resumes from that frame's cursor and then knows the newest version of every row."""
    draws = Random(seed)
    client, line = _stalled(monkeypatch, 8)
    to, log = _subscription(), []
    for offset in range(40):
        rows = [str(draws.randrange(3)) for _ in range(draws.randrange(1, 3))]
        log += [(Cursor(3, offset, idx), row, offset) for idx, row in enumerate(rows)]
        client.put_changes(to, _part(to, offset, *rows))
    line.open()
    told = _told(line)
    for cut in range(len(told) + 1):
        known: dict[str, int] = dict(_versions(told[:cut]))
        cursor = parse(told[cut - 1]["cursor"]) if cut else Cursor(3, 0)
        assert cursor is not None
        known |= {row: version for at, row, version in log if at >= cursor}
        assert known == {row: version for _, row, version in log}


async def test_liv_08_what_cannot_be_folded_enough_becomes_a_gap_with_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = _stalled(monkeypatch)
    to = _subscription()
    client.put(frames.message({"type": "pong"}))
    client.put_changes(to, _part(to, 0, "r0"))
    client.put_state(to, frames.state("payouts", to.name, "3:1:0@demo", b"1"), State(Cursor(3, 1), b"1"))
    for offset in range(1, 7):
        assert client.put_changes(to, _part(to, offset, f"r{offset}"))
    line.open()
    told = _told(line)
    gap = next(message for message in told if message["type"] == "gap")
    assert [message["type"] for message in told][:3] == ["pong", "gap", "payouts"]
    assert (gap["resume"], gap["channel"]) == ("3:0:0@demo", "payouts:demo")
    assert gap["dropped"] + len(_versions(told)) == 7
    cursors = [parse(message["cursor"]) for message in told if "cursor" in message]
    assert cursors == sorted(cursors)  # type: ignore[type-var]
    assert cursors[-1] == Cursor(3, 6, 1)


async def test_liv_08_a_second_gap_soon_after_the_first_is_4008_with_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = _stalled(monkeypatch)
    to = _subscription()
    client.followed[to.name] = [to]
    offset = 0
    while not client.overflowed:
        client.put_changes(to, _part(to, offset, f"r{offset}"))
        offset += 1
        assert offset < 100
    await client.dismiss()
    [bye] = _told(line)
    assert (bye["type"], bye["code"], bye["resume"]) == ("bye", 4008, {"payouts:demo": "3:0:0@demo"})
    assert line.closed == [4008]


async def test_liv_08_after_a_gap_a_client_that_reads_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "GAP_SECONDS", 0.0)
    client, line = _stalled(monkeypatch)
    to = _subscription()
    for rounds in range(3):
        for offset in range(rounds * 9, rounds * 9 + 9):
            assert client.put_changes(to, _part(to, offset, f"r{offset}"))
        line.open()
        line.ready = False
    told = _told(line)
    assert sum(message["type"] == "gap" for message in told) == 3
    assert sum(message.get("dropped", 0) for message in told) + len(_versions(told)) == 27


async def test_liv_08_who_wants_every_change_is_left_rather_than_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = _stalled(monkeypatch)
    to = _subscription(folds=False)
    client.followed[to.name] = [to]
    taken = [client.put_changes(to, _part(to, offset, "a")) for offset in range(8)]
    assert taken == [True] * 6 + [False] * 2
    assert client.overflowed
    assert to.cursor == Cursor(3, 5, 1), "what was not taken is not told"
    assert client.resume() == {"payouts:demo": "3:0:0@demo"}
    line.open()
    assert not line.taken


async def test_liv_08_of_states_only_the_newest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = _stalled(monkeypatch)
    to = _subscription("batch:b")
    for number in range(20):
        cursor = Cursor(3, number)
        frame = frames.state("batch", to.name, to.text(cursor), b"%d" % number)
        assert client.put_state(to, frame, State(cursor, b"%d" % number))
    line.open()
    assert _told(line)[-1]["batch"] == 19
    assert len(line.taken) <= 6


async def test_a_channel_that_was_left_is_told_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = _stalled(monkeypatch)
    one, other = _subscription("one"), _subscription("other")
    client.followed |= {"one": [one], "other": [other]}
    client.put_changes(one, _part(one, 0, "a"))
    client.put_changes(other, _part(other, 0, "a"))
    assert client.forget("one") == [one]
    line.open()
    assert [message["channel"] for message in _told(line)] == ["other"]


@pytest.mark.parametrize("seed", range(20))
async def test_liv_06_over_all_merchants_each_cursor_is_whole_and_loses_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after any frame, it resumes on every partition from that frame's cursor and then knows the newest version of every row."""
    monkeypatch.setattr(client_module, "GAP_SECONDS", 0.0)
    draws = Random(seed)
    client, line = _stalled(monkeypatch, 8)
    audiences = [Audience() for _ in range(3)]
    siblings = [Subscription("payouts", "payouts", "*", "*", Cursor(p, 0), folds=True) for p in range(3)]
    for to, audience in zip(siblings, audiences, strict=True):
        to.siblings = siblings
        audience.add(client, to)
    log: list[tuple[Cursor, str, int]] = []
    for offset in range(60):
        partition = draws.randrange(3)
        rows = [change_row(offset, idx, id=f"{partition}{draws.randrange(4)}") for idx in range(draws.randrange(1, 4))]
        log += [(Cursor(partition, offset, row["idx"]), row["id"], offset) for row in rows]
        await audiences[partition].tell_changes(partition, rows)
        if draws.random() < 0.1:
            line.open()
            line.ready = False
    line.open()
    told = _told(line)
    places = {p: Cursor(p, 0) for p in range(3)}
    for cut in range(len(told) + 1):
        if cut:
            now = parse_resume(told[cut - 1]["cursor"])
            assert now is not None
            assert now.owner == "*"
            assert all(now.places[p] >= places[p] for p in range(3)), "no place goes back"
            places = now.places
        dropped = [message for message in told[:cut] if message["type"] == "gap"]
        known = dict(_versions(told[:cut])) | {row: version for at, row, version in log if at >= places[at.partition]}
        wanted = {row: version for _, row, version in log}
        assert dropped or known == wanted
    for gap in (message for message in told if message["type"] == "gap"):
        begins, ends = parse_resume(gap["resume"]), parse_resume(gap["cursor"])
        assert begins is not None
        assert ends is not None
        assert sum(begins.places[at.partition] <= at < ends.places[at.partition] for at, _, _ in log) >= gap["dropped"]


def test_a_backlog_knows_the_place_behind_what_left_it() -> None:
    backlog, to = Backlog(), _subscription()
    for offset in (4, 5):
        part = _part(to, offset, "a")
        backlog.add(Owed(part.frame, to, part))
    to.cursor = Cursor(3, 5, 1)
    assert backlog.resume(to) == Cursor(3, 4)
    backlog.next()
    assert backlog.resume(to) == Cursor(3, 4, 1)
    backlog.next()
    assert (backlog.resume(to), len(backlog), backlog.bytes) == (Cursor(3, 5, 1), 0, 0)


def test_the_reason_of_a_close_frame_has_room_for_it() -> None:
    assert goodbye({"a": "3:1:0@demo"}) == "too slow: reconnect and resume with 3:1:0@demo"
    for resume in ({"a": "1", "b": "2"}, {"a": "3:1:0," * 40}, {}):
        assert len(goodbye(resume).encode()) <= 123
        assert "cursors" in goodbye(resume)

"""Dead letters by the command line, on a real broker (RUN-24)."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from runtime import dead_letter_desk
from runtime.dead_letter_book import COUNT_HEADER, DISCARDING, LETTER_HEADER, REDRIVING
from runtime.dead_letter_desk import Desk
from runtime.dead_letters import DeadLetters
from runtime.ids import mint
from schemas.topics import COMMANDS, DEAD_LETTERS, REPLIES, partition_of
from tests.integration import own_log
from tests.integration.operations.conftest import Services
from tests.integration.own_log import OwnLog
from tests.support import ingest_stack
from tests.support.ingest_stack import PARTITIONS, run, wait_for

pytestmark = pytest.mark.integration
PARTITION = partition_of("demo", PARTITIONS)
SECRET = "+256700123456"


def payflow(services: Services, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as an operator runs it, on the test's log."""
    code = f"import sys; from tests.integration import own_log; own_log._take_names({services.log.suffix!r}); "
    code += "sys.argv[0] = 'payflow'; from payflow.cli import main; main()"
    env = {**os.environ, **services.stack.environ, **environ}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=env, cwd=own_log.ROOT, capture_output=True, text=True, timeout=120)


def _listed(services: Services, *words: str, **environ: str) -> dict[str, Any]:
    done = payflow(services, "dead-letters", "list", "--json", *words, **environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _desk(services: Services, work: Any) -> Any:
    async def at_it() -> Any:
        async with Desk(services.bootstrap, PARTITIONS, "test") as desk:
            return await work(desk)

    return run(at_it())


def _open(services: Services) -> list[str]:
    async def ids(desk: Desk) -> list[str]:
        return [letter.id for letter in (await desk.book()).open_letters()]

    found: list[str] = _desk(services, ids)
    return found


def _poison(services: Services, topic: str, value: bytes, headers: dict[str, str] | None = None) -> str:
    [(partition, offset)] = services.produce(topic, [(b"demo", value, headers or {})])
    letter = f"{topic}:{partition}:{offset}"
    wait_for("the dead letter", lambda: letter in _open(services), 90)  # the processor may have just been started
    return letter


def test_list_show_redrive_and_discard_by_the_command_line(services: Services) -> None:
    value = json.dumps({"type": "nobody_knows", "idempotency_key": "k", "data": {"phone": SECRET}}).encode()
    letter = _poison(services, services.inbox, value, {"trace": "abc"})
    other = _poison(services, services.inbox, f'{{"type": "{SECRET}"'.encode())
    assert "3 open" not in payflow(services, "dead-letters", "list").stdout

    listed = payflow(services, "dead-letters", "list", DEAD_LETTERS_MAX="1")
    assert (listed.returncode, "2 open" in listed.stdout, "WARNING: 2 dead letters" in listed.stderr) == (0, True, True)
    assert _listed(services, DEAD_LETTERS_MAX="1")["over_limit"] is True
    at_the_limit = payflow(services, "dead-letters", "list", DEAD_LETTERS_MAX="2")
    assert "WARNING: 2 dead letters are open, DEAD_LETTERS_MAX=2" in at_the_limit.stderr, "the next one waits"
    assert _listed(services, DEAD_LETTERS_MAX="2")["over_limit"] is True, "as the gauge says"
    assert _listed(services, DEAD_LETTERS_MAX="3")["over_limit"] is False

    masked = payflow(services, "dead-letters", "show", letter)
    shown = payflow(services, "dead-letters", "show", letter, "--reveal")
    for text in (listed.stdout, masked.stdout, json.dumps(_listed(services))):
        assert SECRET not in text
        assert "123456" not in text.replace(letter, "")
    assert shown.stdout.startswith("REVEALED")
    assert SECRET in shown.stdout
    assert json.loads(payflow(services, "dead-letters", "show", letter, "--json").stdout)["masked"] is True

    again = payflow(services, "dead-letters", "redrive", letter, "--by", "ann")
    assert (again.returncode, "redriven as" in again.stdout) == (0, True)
    target = again.stdout.split(" as ")[1].strip()
    [record] = [one for one in services.records(services.inbox) if f"{one.topic}:{one.partition}:{one.offset}" == target]
    assert (record.key, record.value) == (b"demo", value)
    assert dict(record.headers) == {"trace": b"abc", LETTER_HEADER: letter.encode(), COUNT_HEADER: b"1"}

    repeat = payflow(services, "dead-letters", "redrive", letter)
    assert (repeat.returncode, "was redriven by ann before: nothing was done" in repeat.stdout) == (0, True)
    assert payflow(services, "dead-letters", "discard", other, "--reason", "  ").returncode == 1
    gone = payflow(services, "dead-letters", "discard", other, "--reason", "sent by a broken sender")
    assert (gone.returncode, "discarded" in gone.stdout) == (0, True)
    assert "nothing was done" in payflow(services, "dead-letters", "discard", other, "--reason", "x").stdout
    assert payflow(services, "dead-letters", "redrive", other).returncode == 1, "it was discarded"
    assert payflow(services, "dead-letters", "show", "nowhere:0:0").returncode == 1
    states = {one["id"]: (one["state"], one["resolution"]) for one in _listed(services, "--all")["letters"]}
    assert states[letter] == ("redriven", target)
    assert states[other] == ("discarded", "sent by a broken sender")
    assert any(record.value == value for record in services.records(DEAD_LETTERS.name)), "nothing is ever deleted"


@pytest.mark.parametrize("topic", ["inbox", "commands"])
def test_a_poison_record_goes_round_three_times_and_no_more(services: Services, topic: str) -> None:
    name = services.inbox if topic == "inbox" else COMMANDS.name
    letter = _poison(services, name, b"{poison")
    for count in range(3):
        outcome = _desk(services, lambda desk, letter=letter: desk.redrive(letter))
        assert outcome.changed, outcome
        target = outcome.text.split(" as ")[1]
        wait_for("it is dead again", lambda target=target: target in _open(services), 30)
        letter = target
        assert _desk(services, lambda desk: desk.book()).redrives(letter) == count + 1
    refused = _desk(services, lambda desk: desk.redrive(letter))
    assert (refused.changed, refused.refused, "came back 3 times" in refused.text) == (False, True, True)
    assert _desk(services, lambda desk: desk.discard(letter, "poison")).changed
    assert services.pay("demo", mint()).status_code == 201, "the partition went on all the time"
    records = services.records(COMMANDS.name, "demo")
    assert [one.offset for one in records] == list(range(len(records))), "offsets of commands are dense"


def test_a_redrive_that_died_in_the_middle_is_finished_and_not_repeated(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letter_desk, "BUSY_MS", 0)
    letter = _poison(services, COMMANDS.name, b"{poison")

    async def die_after_the_append(desk: Desk) -> None:
        book = await desk.book()
        told = desk._told(token="x", place=str((await dead_letter_desk._ends(services.bootstrap, book.letters[letter]))[1]))
        await desk._letters.resolve(letter, REDRIVING, told)
        await desk._append(book.letters[letter], 1)

    _desk(services, die_after_the_append)
    before = len(services.records(COMMANDS.name))
    outcome = _desk(services, lambda desk: desk.redrive(letter))
    assert (outcome.changed, "an earlier try had redriven it" in outcome.text) == (True, True)
    assert len(services.records(COMMANDS.name)) == before


def test_a_redrive_that_died_before_the_append_is_done_by_the_next(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = _poison(services, COMMANDS.name, b"{poison")

    async def die_before_the_append(desk: Desk) -> None:
        await desk._letters.resolve(letter, REDRIVING, desk._told(token="x", place="0"))

    _desk(services, die_before_the_append)
    busy = _desk(services, lambda desk: desk.redrive(letter))
    assert (busy.changed, "somebody else works on it" in busy.text) == (False, True)
    assert "somebody else" in _desk(services, lambda desk: desk.discard(letter, "x")).text
    monkeypatch.setattr(dead_letter_desk, "BUSY_MS", 0)
    before = len(services.records(COMMANDS.name))
    assert _desk(services, lambda desk: desk.redrive(letter)).changed
    assert len(services.records(COMMANDS.name)) == before + 1


def test_a_letter_that_is_redriven_meanwhile_is_not_told_to_be_discarded(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = _poison(services, COMMANDS.name, b"{poison")
    before = len(services.records(COMMANDS.name))
    _between_reading_and_writing(services, monkeypatch, lambda other: other.redrive(letter))
    outcome = _desk(services, lambda desk: desk.discard(letter, "rubbish"))
    assert (outcome.changed, outcome.refused) == (False, True), outcome
    assert len(services.records(COMMANDS.name)) == before + 1
    assert _desk(services, lambda desk: desk.book()).state(letter) == "redriven"


def test_a_letter_that_is_discarded_meanwhile_is_not_redriven(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = _poison(services, COMMANDS.name, b"{poison")
    before = len(services.records(COMMANDS.name))
    _between_reading_and_writing(services, monkeypatch, lambda other: other._begin(letter, DISCARDING))
    outcome = _desk(services, lambda desk: desk.redrive(letter))
    assert (outcome.changed, "somebody else works on it" in outcome.text) == (False, True), outcome
    assert len(services.records(COMMANDS.name)) == before
    monkeypatch.setattr(dead_letter_desk, "BUSY_MS", 0)
    assert _desk(services, lambda desk: desk.discard(letter, "rubbish")).changed, "the discard that died is done by the next"
    assert _desk(services, lambda desk: desk.book()).state(letter) == "discarded"


def test_a_redrive_that_had_sent_the_record_and_died_is_not_discarded(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = _poison(services, COMMANDS.name, b"{poison")

    async def die_after_the_append(desk: Desk) -> None:
        book = await desk.book()
        place = str((await dead_letter_desk._ends(services.bootstrap, book.letters[letter]))[1])
        await desk._begin(letter, REDRIVING, place=place)
        await desk._append(book.letters[letter], 1)

    _desk(services, die_after_the_append)
    monkeypatch.setattr(dead_letter_desk, "BUSY_MS", 0)
    outcome = _desk(services, lambda desk: desk.discard(letter, "rubbish"))
    assert (outcome.refused, "an earlier try had redriven it" in outcome.text) == (True, True), outcome


def _between_reading_and_writing(services: Services, monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    """The next desk reads the book, and then another operator does `work` before it goes on."""
    read = Desk.book
    rest = [work]

    async def book(desk: Desk) -> Any:
        found = await read(desk)
        if rest:
            turn = rest.pop()
            async with Desk(services.bootstrap, PARTITIONS, "other") as other:
                await turn(other)
        return found

    monkeypatch.setattr(Desk, "book", book)


def test_records_before_a_full_list_are_answered_and_those_behind_are_decided_once(services: Services) -> None:
    services.end("projector", "ingest")
    services.stack.environ["DEAD_LETTERS_MAX"] = "1"
    services.start("projector", "ingest")
    services.await_ready()
    _poison(services, services.inbox, b"{poison")
    start = services.command_count()
    places = services.produce(services.inbox, [_asked("a"), (b"demo", b"{one more", {}), _asked("b")])
    wait_for("the partition to wait", lambda: services.halted("ingest", f"inbox-{services.log.upstream}-{places[0][0]}"), 30)
    wait_for("both are decided", lambda: services.command_count() == start + 2)
    time.sleep(12)  # it has looked again twice
    assert services.command_count() == start + 2, "what stands behind is not decided again each time"
    assert _answered(services) == {places[0]: ["accepted"]}, "what stands before has its answer"
    assert payflow(services, "dead-letters", "discard", _open(services)[0], "--reason", "x").returncode == 0
    results = {places[0]: ["accepted"], places[1]: ["refused"], places[2]: ["accepted"]}
    wait_for("all are answered, once", lambda: _answered(services) == results, 40)
    assert services.command_count() == start + 2


def _asked(key: str) -> tuple[bytes, bytes, dict[str, str]]:
    data = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    return b"demo", json.dumps({"type": "request_payout", "idempotency_key": key, "data": data}).encode(), {}


def _answered(services: Services) -> dict[tuple[int, int], list[str]]:
    """The results told for each inbox record, but that of the first poison."""
    found: dict[tuple[int, int], list[str]] = {}
    for reply in map(ingest_stack.body_of, services.records(REPLIES.name)):
        found.setdefault((reply["partition"], reply["offset"]), []).append(reply["result"])
    return {place: results for place, results in found.items() if place != min(found)}


def test_run_24_too_many_stop_the_partition_that_meets_another_one_until_an_operator_has_looked(services: Services) -> None:
    services.end("projector", "processor")
    services.stack.environ["DEAD_LETTERS_MAX"] = "2"
    services.start("projector", "processor")
    elsewhere = next(f"m{n}" for n in range(100) if partition_of(f"m{n}", PARTITIONS) != PARTITION)
    for number in range(2):
        _poison(services, COMMANDS.name, b"{poison %d" % number)
    wait_for("the gauge", lambda: "payflow_dead_letters_over_limit 1.0" in services.metrics("projector"), 30)
    services.produce(COMMANDS.name, [(b"demo", b"{one more", {})])
    wait_for("the partition to wait", lambda: services.halted("processor", PARTITION), 30)
    assert services.pay("demo", mint(), wait=1).status_code == 202, "what comes behind waits"
    assert "payflow-position" in services.pay(elsewhere, mint()).headers, "other partitions decide"
    letter = _open(services)[0]
    assert _desk(services, lambda desk: desk.discard(letter, "x")).changed
    wait_for("the partition to go on", lambda: not services.halted("processor", PARTITION), 40)
    wait_for("all is decided", lambda: services.pay("demo", mint()).status_code == 201, 40)
    assert len(_open(services)) == 2


def test_letters_of_topics_that_take_no_redrives_are_refused(services: Services) -> None:
    async def keep() -> None:
        letters = DeadLetters(services.bootstrap)
        await letters.start()
        now = time.time_ns() // 1_000_000
        await letters.keep(topic="else", partition=0, offset=1, key=None, value=b"x", code="c", reason="r", at=now)
        await letters.keep(topic="else", partition=0, offset=1, key=None, value=b"x", code="c", reason="r", at=now)
        await letters.stop()

    import asyncio

    asyncio.run(keep())
    assert _open(services) == ["else:0:1"], "kept twice with the same coordinates is one letter"
    refused = _desk(services, lambda desk: desk.redrive("else:0:1"))
    assert (refused.refused, "takes no redrives" in refused.text) == (True, True)


def test_a_record_with_neither_key_nor_value_is_redriven_as_it_was(log: OwnLog) -> None:
    async def keep_and_redrive() -> list[Any]:
        letters = DeadLetters(log.bootstrap)
        await letters.start()
        now = time.time_ns() // 1_000_000
        await letters.keep(
            topic=COMMANDS.name,
            partition=1,
            offset=9,
            key=None,
            value=None,
            code="c",
            reason="r",
            at=now,
            headers=[("h", b"1")],
        )
        await letters.stop()
        async with Desk(log.bootstrap, PARTITIONS, "test") as desk:
            outcome = await desk.redrive(f"{COMMANDS.name}:1:9")
            assert outcome.changed, outcome
        return await ingest_stack._records(log.bootstrap, COMMANDS.name, [1])

    [record] = run(keep_and_redrive())
    assert (record.key, record.value) == (None, None)
    assert dict(record.headers) == {"h": b"1", LETTER_HEADER: f"{COMMANDS.name}:1:9".encode(), COUNT_HEADER: b"1"}

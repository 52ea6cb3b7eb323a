"""What a run promised and did not do is told, and what only looks like a hit is none."""

import random
import signal
from pathlib import Path

import pytest

from runtime import failpoints
from tests.faults import provider_faults, resume
from tests.faults.account import STATES, Account
from tests.faults.kill_points import KillPoints
from tests.faults.levels import CI, NIGHTLY
from tests.faults.workers import Worker

ALL_KINDS = dict.fromkeys(provider_faults.KINDS, 1)


def test_all_that_was_not_met_is_told_in_words() -> None:
    account = Account(NIGHTLY, KillPoints(0, random.Random(1)))
    account.did("zombie", dict.fromkeys(STATES[1:], 1))
    account.ended_slowly("rails-1")
    told = account.told(5, ALL_KINDS | {"garbage": 0})
    assert told["not_met"] == [
        "rails-1 did not end in time after SIGTERM",
        "5 payouts were asked while faults went on, of 6000",
        "zombie met no payout in pending",
        "the provider never did: garbage",
    ]
    assert told["owed"]["zombie"] == 59


def test_a_smaller_level_promises_no_coverage() -> None:
    assert Account(CI, KillPoints(0, random.Random(1))).not_met(3000, {"garbage": 0}) == []


@pytest.mark.parametrize(
    ("words", "point"),
    [(failpoints.said("rails.sent"), "rails.sent"), ("", None), (failpoints.said("rails.recorded"), None)],
)
def test_a_kill_point_is_hit_only_if_the_last_words_say_so(tmp_path: Path, words: str, point: str | None) -> None:
    log = tmp_path / "rails-1.log"
    log.write_text(failpoints.said("rails.sent") + "\n")  # of an earlier life
    worker = Worker("rails-1", "rails", {}, log, point="rails.sent:1:kill")
    worker.log_from = worker.log_size
    with log.open("a") as file:
        file.write(words)
    points = KillPoints(5, random.Random(1))
    assert points.died(worker, -signal.SIGKILL) == point
    assert points.hits.total() == (1 if point else 0)


def test_the_providers_faults_are_counted_by_kind() -> None:
    transfers = [
        ("a", "+256700000004", 0),
        ("b", "+256700000013", 0),
        ("c", "+256772000123", 0),
        ("d", "99990000" + "0010", 0),
    ]
    said = [
        ("b", 1000, "inquire", "paid"),
        ("b", 5000, "send", "failed"),
        ("c", 10, "send", "paid"),
        ("d", 10, "inquire", "paid"),
    ]
    found = provider_faults.count(transfers, [*said, ("d", 20, "inquire", "paid")])
    assert {kind: count for kind, count in found.items() if count} == {
        "time-out after paying": 1,
        "garbage": 1,
        "duplicate answer": 1,
        "early answer": 1,
        "late answer": 1,
        "contradictory answer": 1,
    }


def test_a_kill_without_commands_is_left_out_and_a_slow_way_back_is_told(tmp_path: Path) -> None:
    asked = [f'{{"p":0,"o":{n},"value":{{"at":{n * 100_000}}}}}\n' for n in range(1, 5)]
    told = [f'{{"p":0,"value":{{"source_offset":{n},"at":{n * 100_000 + 20_000}}}}}\n' for n in range(1, 5)]
    kills = [
        f'{{"t":{at},"action":"kill_processor","target":"processor-1","healed":{at}}}\n'
        for at in (100_000, 200_000, 350_000)
    ]
    for name, lines in (("commands", asked), ("events.committed", told), ("faults", kills)):
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))
    measured = resume.measure(tmp_path)
    assert (measured["alone"]["kills"], measured["alone"]["p95"], measured["all"]["without_commands"]) == (2, 20.0, 1)
    assert resume.broken(measured, 2) == ["decisions went on 20.0 s (p95) after a processor kill, not within 15 s"]
    assert "not after 3" in resume.broken(measured, 3)[0]
    assert resume.broken(measured, 0) == []

"""The arithmetic of the bench's cases: fan-out, memory, provider, workers, sizes, a stop."""

from collections import Counter
from xml.etree import ElementTree as ET

import orjson
import pytest

from bench import (
    askers,
    case_plots,
    fanout,
    fanout_figures,
    feed_line,
    latency,
    million,
    percentiles,
    pressure,
    provider,
    workers,
)
from bench.__main__ import main
from bench.askers import Heard
from bench.batch_run import BatchRun
from bench.cases import CASES
from bench.feed_client import Seen
from bench.feed_clients import latencies
from bench.memory import growth, growths, peaks
from bench.plot import write
from bench.posts import Posts
from bench.sizes import _pairs
from bench.trickle import Trickle


def test_percentiles_of_counts_are_right_to_half_a_step_and_can_be_added() -> None:
    counts = percentiles.counted([10.0] * 98 + [500.0]) + percentiles.counted([2000.0])
    assert percentiles.percentile(counts, 0.5) == pytest.approx(10, rel=0.01)
    assert percentiles.percentile(counts, 0.99) == pytest.approx(500, rel=0.01)
    assert percentiles.percentile(counts, 1) == pytest.approx(2000, rel=0.01)
    with pytest.raises(ValueError, match="nothing"):
        percentiles.percentile(Counter(), 0.5)


@pytest.mark.parametrize(("share", "value"), [(0.5, 2.0), (0.9, 4.0), (0.99, 4.0), (0.0, 1.0)])
def test_percentiles_of_few_are_exact(share: float, value: float) -> None:
    assert percentiles.of([3.0, 1.0, 4.0, 2.0], share) == value


def server_frame(payload: bytes, opcode: int = feed_line.TEXT) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([128 | opcode, size]) + payload
    head = bytes([128 | opcode, 126]) + size.to_bytes(2) if size < 65536 else bytes([128 | opcode, 127]) + size.to_bytes(8)
    return head + payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_a_frame_is_cut_wherever_the_bytes_were_parted(size: int) -> None:
    payload = (b"abcdefgh" * (size // 8 + 1))[:size]
    stream = server_frame(payload) + server_frame(b"next", feed_line.PING)
    for end in (*range(12), len(stream) // 2, len(stream) - 1):
        first, rest = feed_line.cut(stream[:end])
        second, left = feed_line.cut(rest + stream[end:])
        assert first + second == [(feed_line.TEXT, payload[: feed_line.HEAD_BYTES]), (feed_line.PING, b"next")]
        assert left == b""


def test_of_a_message_only_type_and_cursor_are_read() -> None:
    told = feed_line.head(orjson.dumps({"type": "changes", "channel": "payouts:m", "cursor": "3:26:50", "changes": []}))
    assert told == ("changes", feed_line.place(26, 50))
    assert feed_line.head(b'{"type":"hello","v":1}') == ("hello", -1)
    assert feed_line.place(26, 1000) < feed_line.place(27, 0)
    with pytest.raises(ValueError, match="no message"):
        feed_line.head(b"<html>")


def test_a_client_s_frame_has_a_mask_that_changes_nothing() -> None:
    assert feed_line.frame(feed_line.PONG, b"hi") == bytes([0x8A, 0x82, 0, 0, 0, 0]) + b"hi"
    long = feed_line.frame(feed_line.TEXT, b"x" * 300)
    assert long[:4] == bytes([0x81, 0xFE, 1, 44])


def test_a_frame_is_as_late_as_its_oldest_change() -> None:
    commits = [(feed_line.place(5, 19), 100.0), (feed_line.place(6, 19), 100.5), (feed_line.place(9, 4), 101.0)]
    seen = Seen()
    for start, received in (
        (feed_line.place(4, 7), 100.01),  # everything from offset 5 on is new
        (feed_line.place(5, 10), 100.02),  # the rest of offset 5
        (feed_line.place(5, 20), 100.6),  # 5 is complete: 6 is the oldest
        (feed_line.place(6, 20), 101.25),  # a cut in the offsets does not matter
        (feed_line.place(9, 5), 102.0),  # nothing that we know of
    ):
        seen.starts.append(start)
        seen.times.append(received)
    assert [round(value) for value in latencies(seen, commits)] == [10, 20, 100, 250]


def report(**changes: object) -> dict[str, object]:
    empty = {"frames": {}, "slow_frames": {}, "fast_ends": {}, "slow_ends": {}, "steps": {}}
    return {**empty, "bytes": 0, "complete": 0, "first": 0.0, "last": 0.0, **changes}


def test_what_several_crowds_saw_is_added_up() -> None:
    some = report(
        frames={"changes": 40, "hello": 8, "heartbeat": 1},
        steps=dict(percentiles.counted([10.0] * 40)),
        first=50.0,
        last=53.0,
        bytes=2**20,
    )
    more = report(frames={"changes": 10, "batch": 50}, slow_ends={"closed 4008": 2}, first=51.0, last=54.0, steps={"0": 1})
    found = fanout_figures.added([some, more, report()])
    assert found["frames"] == {"changes": 50, "batch": 50, "hello": 8, "heartbeat": 1}
    assert found["slow_ends"] == {"closed 4008": 2}
    assert found["seconds"] == 4.0
    figures = fanout_figures.figures_of(found, Trickle(200, 2.0, 0.1))
    assert figures["frames_per_s"] == 25
    assert figures["changes_per_s"] == 100
    assert figures["mib_per_s"] == 0.25
    assert figures["p50_ms"] == pytest.approx(10, rel=0.01)


def test_followers_who_heard_nothing_have_no_latency() -> None:
    figures = fanout_figures.figures_of(fanout_figures.added([report()]), Trickle(20, 1.0, 0.0))
    assert "p99_ms" not in figures
    assert fanout_figures.slowed(figures, {"p99_ms": 10.0}) == {}
    assert fanout_figures.slowed({"p99_ms": 15.0}, {"p99_ms": 10.0}) == {"p99_with_slow_by_without": 1.5}


def test_followers_are_shared_out_evenly() -> None:
    assert fanout.shares(5, 2) == [3, 2]
    assert sum(fanout.shares(1999, 3)) == 1999


def test_growth_is_between_the_ends_of_a_stretch_and_one_reading_decides_nothing() -> None:
    points = [(float(at), 100.0 + at) for at in range(41)] + [(40.5, 900.0)]
    assert growth(points, 0, 40) == 30
    assert growth([(0.0, 50.0)], 10, 20) == 0
    assert growths({"flat": [(0.0, 7.0), (9.0, 7.0)]}, 0, 9) == {"flat": 0.0}
    assert peaks({"one": points, "none": []}) == {"one": 900.0}


def test_some_rows_of_a_provider_that_takes_its_time_are_slow_in_both_ways() -> None:
    payees = [provider.Mood(0.0, 5).payees()(row) for row in range(200)]
    assert payees.count(provider.PAID_LATER) == payees.count(provider.ANSWERED_LATE) == 5
    assert len(set(payees)) == 192
    assert provider.PAID_LATER not in [provider.Mood().payees()(row) for row in range(200)]


def batch_run() -> BatchRun:
    samples = [(0.0, 0, 0), (1.0, 100, 0), (3.0, 100, 95), (6.0, 100, 100)]
    return BatchRun("t", 100, 0.0, accepted=1.0, samples=samples)


def test_paid_rows_count_from_acceptance_on_and_the_quick_ones_by_themselves() -> None:
    figures = provider.figures(batch_run(), 5)
    assert figures == {"paid_rows_per_s": 20, "quick_rows_per_s": 47.5, "accepted_rows_per_s": 100, "all_paid_s": 6}


def test_posts_beside_a_million_are_held_against_quiet_ones() -> None:
    quiet, beside = Posts([(0.0, 10.0)]), Posts([(1.9, 999.0), (2.5, 20.0), (4.0, 50.0)])
    figures = million.figures(batch_run(), quiet, beside, begun=2.0)
    assert figures["posts_coming_in"] == 1
    assert figures["post_p99_coming_in_by_quiet"] == 2
    assert figures["post_p99_being_paid_by_quiet"] == 5
    assert figures["completed_rows_per_s"] == pytest.approx(100 / 6)


def test_long_runs_are_thinned_and_keep_their_end() -> None:
    samples = [(number / 10, number, number) for number in range(21)] + [(2.1, 99, 99)]
    assert [at for at, _, _ in million.thinned(samples)] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.1]


def test_costs_of_two_workers_are_added_by_kind_and_an_idle_one_is_seen() -> None:
    cpu = {"processor": 30.0, "processor-2": 10.0, "rails": 50.0, "rails-2": 1.0, "projector": 20.0, "postgres": 40.0}
    figures = workers.by_kind(cpu)
    assert figures["processor_us_per_row"] == 40
    assert figures["processor_least_share"] == 0.25
    assert figures["projector_us_per_row"] == 20
    assert "projector_least_share" not in figures
    rounds = {
        workers.name_of(1): [{"figures": {workers.DONE: 1000.0}}, {"figures": {workers.DONE: 500.0}}],
        workers.name_of(2): [{"figures": {workers.DONE: 900.0, **figures}}, {"figures": {workers.DONE: 500.0}}],
    }
    assert workers.two_by_one(rounds) == (0.95, 0.9, 1.0, 2)
    assert workers.idle_kinds(rounds) == ["rails"]


@pytest.mark.parametrize(("size", "times"), [(1, 20), (1_000, 20), (5_000, 4), (100_000, 3)])
def test_small_batches_are_repeated_more_often(size: int, times: int) -> None:
    assert latency.repeats(size) == times


def test_answers_are_told_by_kind_and_by_when_they_waited() -> None:
    heard = [Heard(1.0, 10.0, "201", retry_after=False), Heard(5.0, 5000.0, "202", retry_after=True)]
    heard += [Heard(6.0, 2.0, "503 log_unavailable", retry_after=True)]
    times = [4.0, 9.0, 12.0]
    assert [pressure.phase_of(one, times) for one in heard] == ["before", "stopped", "stopped"]
    assert pressure.phase_of(Heard(3.0, 1500.0, "201", retry_after=False), times) == "stopped"
    assert pressure.phase_of(Heard(10.0, 1.0, "201", retry_after=False), times) == "after"
    told = askers.told(heard[1:])
    assert told["202"] == {"count": 1, "p50_ms": 5000.0, "p99_ms": 5000.0, "retry_after": 1}
    assert set(told) == {"202", "503 log_unavailable"}


def test_memory_during_a_stop_is_judged_by_its_second_half() -> None:
    filling = [(float(at), min(100.0 + at, 110.0)) for at in range(41)]
    figures = pressure.figures({"ingest": filling}, [0.0, 40.0, 43.0])
    assert figures["decided_again_s"] == 3
    assert figures["most_grown_mib"] == 5
    assert figures["most_grown_in_second_half_mib"] == 0


def test_pairs_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANOUT_TEST", "500:1000,2000:300")
    assert _pairs("FANOUT_TEST", (), ()) == ((500, 1000), (2000, 300))


def test_the_command_starts_and_names_every_case(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in CASES)


def test_every_case_tells_and_draws_what_it_found(tmp_path) -> None:
    one = {"rows": 1, "samples": [(0.0, 0, 0), (1.0, 1, 1)], "memory": {"ingest": [(0.0, 80.0), (9.0, 81.0)]}, "answers": {}}
    one |= {"times": [1.0, 2.0, 3.0], "grown_mib": {"ingest": 0.0}, "fast_ends": {"open": 5}}
    figures = {"p50_ms": 1.0, "p99_ms": 2.0, workers.DONE: 1.0} | {
        f"{s}_ms_median": 1.0 for s in ("accepted", "visible", "paid")
    }
    rounds = {case: [{**one, "figures": figures}] for case in ("batch of 1,000", "2,000 followers, 5 % slow")}
    for name, case in CASES.items():
        drawn = {k: [{**r[0], "answers": [(0.0, 1.0)]}] for k, r in rounds.items()} if name == "million" else rounds
        list(case.lines(rounds))
        write(tmp_path / f"{name}.svg", case.panels(drawn))
        ET.fromstring((tmp_path / f"{name}.svg").read_text())
    assert case_plots.followers_of("2,000 followers, 5 % slow") == 2000

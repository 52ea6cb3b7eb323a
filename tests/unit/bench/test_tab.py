"""The arithmetic of the tab's case: seen changes held against commits, and memory over time."""

import pytest

from bench import case_plots, tab_figures
from bench.cases import CASES

COMMITS = {1: 100.0, 2: 100.0, 3: 100.2, 4: 100.4}


def test_a_change_is_seen_when_it_was_in_the_page_first() -> None:
    seen = tab_figures.match(COMMITS, [(100.05, [1, 2]), (100.3, [3]), (100.35, [2, 3]), (100.5, [4])])
    assert {row: round(ms) for row, ms in seen.ms.items()} == {1: 50, 2: 50, 3: 100, 4: 100}
    assert (seen.themselves, seen.unseen) == (4, 0)


def test_a_change_that_newer_ones_pushed_out_is_seen_with_them_and_not_counted_as_shown_itself() -> None:
    seen = tab_figures.match(COMMITS, [(100.5, [2, 4])])
    assert {row: round(ms) for row, ms in seen.ms.items()} == {1: 500, 2: 500, 3: 300, 4: 100}
    assert (seen.themselves, seen.unseen) == (2, 0)


def test_what_was_never_seen_nor_anything_after_it_is_in_no_percentile_and_is_told() -> None:
    figures = tab_figures.latency(COMMITS, [(100.1, [1, 2, 3])], [(100.25, [1, 2, 9_000])])
    assert (figures["never_seen"], figures["painted_themselves_percent"]) == (2, 50)
    assert figures["worst_ms"] == pytest.approx(250)
    said = list(CASES["tab"].lines({"live page": [{"figures": figures}]}))
    assert said[-1] == "careful: live page: 2 changes were never seen; no percentile holds them"


def test_nothing_seen_has_no_percentile() -> None:
    figures = tab_figures.latency(COMMITS, [], [])
    assert "p99_ms" not in figures
    assert figures["never_seen"] == 4
    assert tab_figures.latency({}, [], [])["painted_themselves_percent"] == 0


def test_percentiles_of_the_page_s_tree_stand_beside_those_of_frames() -> None:
    notes = [(101.0, list(COMMITS))]
    figures = tab_figures.latency(COMMITS, [(100.5, list(COMMITS))], notes)
    assert [round(figures[name]) for name in ("p50_ms", "p99_ms", "worst_ms")] == [800, 1000, 1000]
    assert round(figures["in_tree_worst_ms"]) == 500
    assert figures["committed_per_s"] == pytest.approx(4 / 0.4)
    assert (figures["tree_changes_with_news"], figures["frames_with_news"]) == (1, 1)


def look(at: float, heap_mib: float) -> dict[str, float]:
    return {"at": at, "heap_mib": heap_mib, "nodes": 500.0, "rows": 50, "listeners": 90.0, "all_renderers_mib": 200.0}


def test_memory_that_rises_is_told_in_an_hour_and_flat_is_flat() -> None:
    looks = [look(30.0 * n, 5 + n / 120) for n in range(1, 61)]  # 30 s a look: 1 MiB an hour
    figures = tab_figures.memory(looks)
    assert figures["heap_mib_an_hour"] == pytest.approx(1)
    assert figures["heap_mib_an_hour_second_half"] == pytest.approx(1)
    assert figures["nodes_an_hour"] == 0
    assert (figures["heap_mib_last"], figures["rows_in_page"], figures["looks"]) == (5.5, 50, 60)


def test_memory_that_rises_only_at_first_is_flat_in_the_second_half() -> None:
    figures = tab_figures.memory([look(30.0 * n, min(5 + n, 8)) for n in range(1, 13)])
    assert figures["heap_mib_an_hour"] > 10
    assert figures["heap_mib_an_hour_second_half"] == pytest.approx(0)


def test_a_single_look_has_no_slope() -> None:
    assert "heap_mib_an_hour" not in tab_figures.memory([look(30.0, 5.0)])
    assert tab_figures.memory([]) == {"looks": 0}


def test_commits_and_looks_are_drawn() -> None:
    dots = tab_figures.dots(COMMITS, [(100.5, [1, 2, 3, 4])], every=2)
    assert dots == [(0.0, 500.0), (0.2, 300.0)]
    rounds = {"live page": [{"latencies": dots}], "memory": [{"looks": [look(30.0, 5.0), look(60.0, 5.5)]}]}
    panels = case_plots.tab(rounds)
    assert [list(panel.lines.values()) for panel in panels] == [
        [dots],
        [[(30.0, 5.0), (60.0, 5.5)]],
        [[(30.0, 500.0), (60.0, 500.0)]],
    ]

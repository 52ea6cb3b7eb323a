"""The whole table of targets: every part fills a line, what failed says so, and each line is read from what its case keeps."""

from bench.table import PARTS, rows
from bench.table_lines import LEDGER, LINES, OPEN_ROWS

PAID = {"provider": {"rounds": {"in 50 ms, one call each": [{"figures": {"paid_rows_per_s": 999.0}}]}}}


def said(part: str, report: object, metric: str) -> list[str]:
    """The cells of one line."""
    line = next(row for row in rows({part: report}) if row.startswith(f"| {metric}"))  # type: ignore[dict-item]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_part_fills_a_line_and_every_line_has_a_part() -> None:
    assert {line.part for line in LINES} == set(PARTS)


def test_a_part_that_failed_is_not_measured_and_not_shown() -> None:
    table = list(rows({}))[2:]
    assert len(table) == len(LINES)
    assert all("| not measured |" in row and row.endswith("| not shown |") for row in table)


def test_a_figure_below_its_first_target_is_missed() -> None:
    assert said("provider", PAID["provider"], "one call each")[1:] == ["999 (one run)", ">= 1,000", ">= 3,000", "missed"]


def test_slow_followers_are_the_second_case_whatever_their_number() -> None:
    calm, slow = ({"figures": {"frames_per_s": value}} for value in (40_000.0, 20_000.0))
    report = {"rounds": {"7 followers": [calm], "7 followers, 5 % slow": [slow]}}
    assert said("fanout", report, "frames/s")[4] == "reached"
    assert said("fanout", report, "the same, some slow")[4] == "missed"


def test_growth_is_the_longest_history_by_the_shortest() -> None:
    points = [{"cpu_us_per_row": {"processor": cost, "all": 2 * cost}} for cost in (20.0, 90.0, 24.0)]
    assert said("growth", {"curves": {LEDGER: points}}, "decision cost")[1] == "1.200 (one run)"


def test_memory_counts_without_the_process_itself_and_for_a_million() -> None:
    found = {"rows": 500_000, "rss_before": 90.0, "rss_open": 190.0}
    assert said(OPEN_ROWS, found, "a million open payouts")[1] == "200 (one run)"


def test_takeover_counts_by_its_longest() -> None:
    report = {"recovery": {"takeover_s": [7.0, 11.0, 7.1], "rebuild": {"rows_per_s": 40_000.0}}}
    assert said("recovery", report, "takeover")[1] == "11.0 (one run)"
    assert said("recovery", report, "takeover")[4] == "missed"

"""The bench's arithmetic: what it prints must follow from what it read."""

import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import rows_file
from bench.figures import ratio, reading, spread, summary
from bench.plot import Panel, rates, write
from bench.targets import TARGETS

ROUNDS = {
    "fast": [{"figures": {"rows_per_s": 100.0}}, {"figures": {"rows_per_s": 300.0}}, {"figures": {"rows_per_s": 200.0}}],
    "slow": [{"figures": {"rows_per_s": 10.0}}, {"figures": {"rows_per_s": 10.0}}, {"figures": {"rows_per_s": 100.0}}],
}


def test_the_middle_counts_and_the_ends_are_told() -> None:
    assert summary(ROUNDS)["fast"]["rows_per_s"] == (200.0, 100.0, 300.0, 3)
    assert str(spread([1000.0, 3000.0, 2000.0])) == "2,000 (1,000 to 3,000)"
    assert str(spread([12.0])) == "12.0 (one run)"


def test_a_ratio_is_made_within_each_round() -> None:
    found = ratio(ROUNDS, ("fast", "rows_per_s"), ("slow", "rows_per_s"))
    assert found == (10.0, 2.0, 30.0, 3)


def test_what_was_not_measured_has_no_figure_and_no_ratio() -> None:
    assert reading(ROUNDS, "fast", "other") is None
    assert ratio(ROUNDS, ("fast", "rows_per_s"), ("absent", "rows_per_s")) is None
    assert all(target.read(ROUNDS) is None for target in TARGETS)


@pytest.mark.parametrize(("value", "verdict"), [(0.59, "missed"), (0.6, "reached")])
def test_a_target_is_judged_by_the_median(value: float, verdict: str) -> None:
    assert TARGETS[0].verdict(spread([value])) == verdict


def test_rates_are_differences_of_the_running_count() -> None:
    assert rates([(0.0, 0), (1.0, 50), (2.0, 150)], 1) == [(0.5, 50.0), (1.5, 100.0)]


def test_a_plot_is_well_formed_and_leaves_out_empty_panels(tmp_path: Path) -> None:
    panels = [Panel("a < b", "x", "y", {"line": [(1, 2), (10, 4)]}, log=True), Panel("empty", "x", "y", {})]
    write(tmp_path / "plot.svg", panels)
    text = (tmp_path / "plot.svg").read_text()
    ET.fromstring(text)
    assert "a &lt; b" in text
    assert "empty" not in text


def test_a_file_is_read_as_it_was_written_and_cut_into_chunks() -> None:
    file = io.StringIO(rows_file.text(5, "t").decode())
    chunks = list(rows_file.chunks(file, 2))
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    assert chunks[0][0] == (1, "+256770000000", 1000, "UGX", "t-0", "Payee 0")


def test_a_bad_row_stops_the_reading() -> None:
    with pytest.raises(ValueError, match="row 1"):
        list(rows_file.read(io.StringIO(f"{rows_file.HEADER}\nnot a phone,1,UGX,r,n\n")))

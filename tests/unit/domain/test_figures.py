"""What may be said of counts: rates without floats, percentiles by bounds, quarters of an hour (CON-01, CON-20)."""

import pytest

from domain.figures import WITHIN_SECONDS, added, asked_at, percent, percentile, quarter_of, within


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, None),
        (0, 4, "0.00"),
        (1, 3, "33.33"),
        (2, 3, "66.67"),
        (1, 20_000, "0.01"),
        (1, 20_001, "0.00"),
        (7, 7, "100.00"),
    ],
)
def test_a_rate_is_a_text_and_nothing_of_nothing_has_none(part: int, whole: int, told: str | None) -> None:
    assert percent(part, whole) == told


def test_a_quarter_begins_at_a_whole_quarter_of_an_hour() -> None:
    assert [quarter_of(at) for at in (0, 899_999, 900_000)] == [0, 0, 900_000]


@pytest.mark.parametrize(("took_ms", "bound"), [(-5, 1), (0, 1), (1000, 1), (1001, 2), (604_800_001, WITHIN_SECONDS[-1])])
def test_a_time_is_within_its_bound(took_ms: int, bound: int) -> None:
    assert within(took_ms) == bound


def test_a_percentile_is_the_bound_within_which_so_many_were() -> None:
    counts = {1: 50, 5: 49, 60: 1}
    assert [percentile(counts, share) for share in (50, 51, 99, 100)] == [1, 5, 5, 60]
    assert percentile({}, 50) is None
    assert percentile({WITHIN_SECONDS[-1]: 3}, 50) is None, "beyond every bound there is no number to tell"


def test_an_id_says_when_it_was_asked_for_only_if_it_holds_a_time() -> None:
    assert asked_at("01a1fce3-eadb-73ce-b132-dc140c212c12") == 0x01A1FCE3EADB
    assert asked_at("01a1fce3-eadb-43ce-b132-dc140c212c12") is None


def test_sums_are_kept_per_currency() -> None:
    assert added([("USD", 1, 5), ("EUR", 2, 7), ("USD", 1, 6)]) == {"USD": (2, 11), "EUR": (2, 7)}

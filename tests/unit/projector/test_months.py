"""Months as ranges of ids."""

import pytest

from runtime.ids import mint
from services.projector.months import month_of, parse


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-08", "019fba9e-d800-0000-0000-000000000000", "01a05a43-fbff-7fff-bfff-ffffffffffff"),
        ("2024-12", "01937f84-5800-0000-0000-000000000000", "01941f29-7bff-7fff-bfff-ffffffffffff"),
        ("1970-01", "00000000-0000-0000-0000-000000000000", "00009fa5-23ff-7fff-bfff-ffffffffffff"),
    ],
)
def test_a_month_is_the_range_of_the_ids_that_were_minted_in_it(text: str, first: str, last: str) -> None:
    month = parse(text)
    assert str(month) == text
    assert month.lowest_id() == first
    assert month_of(first) == month_of(last) == month
    assert first <= last < month.next().lowest_id()
    assert month_of(month.next().lowest_id()) == month.next() > month


def test_an_id_that_is_minted_now_is_in_the_range_of_its_month() -> None:
    payout_id = mint()
    month = month_of(payout_id)
    assert month.lowest_id() <= payout_id < month.next().lowest_id()


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026", "26-08", "2026-08-01", "1969-12", "9999-01", "", "2026-8"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month such as 2026-08"):
        parse(text)

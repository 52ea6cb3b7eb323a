"""`payflow archive`: what an operator may say, and what is said back."""

import pytest

from payflow.archive import line, read_month, tell
from runtime.settings import RefusedStartError
from services.projector.archive import Done
from services.projector.months import Month

AUGUST_31 = 1_788_220_799_999


@pytest.mark.parametrize(("text", "month"), [("2026-08", Month(2026, 8)), ("2025-12", Month(2025, 12))])
def test_months_that_are_over_may_go(text: str, month: Month) -> None:
    assert read_month(text, AUGUST_31) == month


def test_the_month_that_it_is_may_not_go_until_it_is_over() -> None:
    with pytest.raises(RefusedStartError, match="the month 2026-08 is not over yet"):
        read_month("2026-09", AUGUST_31)
    assert read_month("2026-09", AUGUST_31 + 1) == Month(2026, 9)


def test_what_is_no_month_is_refused() -> None:
    with pytest.raises(RefusedStartError, match="no month such as 2026-08"):
        read_month("august", AUGUST_31)


def test_each_month_is_told_and_one_that_was_refused_makes_the_command_fail(capsys: pytest.CaptureFixture[str]) -> None:
    done = [Done(Month(2026, 6), 1200), Done(Month(2026, 7), 0, "1 payouts are not finished", refused=True)]
    assert tell(done[:1]) == 0
    assert tell(done) == 1
    assert tell([]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "2026-06: 1,200 payouts archived"
    assert told[2] == "2026-07: NOT archived, all of it stays as it is: 1 payouts are not finished"
    assert told[3].startswith("nothing to archive")
    assert line(Done(Month(2026, 6), 3, "2 changed")) == "2026-06: 3 payouts archived; left for the next run: 2 changed"

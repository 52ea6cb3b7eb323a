"""Months as ranges of ids: a UUIDv7 begins with the time when it was minted, so a month's payouts are one range of the key (UTC).

Owns this arithmetic. Pure; must not know a table or a clock.
"""

import datetime as dt
import re
from typing import NamedTuple

_FORM = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_REST = "0000-0000-000000000000"


class Month(NamedTuple):
    """A calendar month; compares by time."""

    year: int
    month: int

    def __str__(self) -> str:
        """As an operator writes it: 2026-08."""
        return f"{self.year:04}-{self.month:02}"

    def next(self) -> "Month":
        """The one after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def lowest_id(self) -> str:
        """The first id that this month can have; the next month's is the first that it cannot."""
        begin = dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)
        stamp = f"{int(begin.timestamp()) * 1000:012x}"
        return f"{stamp[:8]}-{stamp[8:]}-{_REST}"


def parse(text: str) -> Month:
    """A month from `2026-08`, 1970 or later. Raises ValueError."""
    match = _FORM.fullmatch(text)
    if match is None or not 1970 <= int(match[1]) < 9999:
        raise ValueError(f"{text!r} is no month such as 2026-08")
    return Month(int(match[1]), int(match[2]))


def month_of(payout_id: str) -> Month:
    """The month in whose range an id lies. Raises OverflowError or ValueError for one beyond the year 9999."""
    seconds = int(payout_id[:8] + payout_id[9:13], 16) // 1000
    begin = dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    return Month(begin.year, begin.month)

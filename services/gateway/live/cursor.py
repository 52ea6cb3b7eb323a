"""Cursors of the feed: a place on the log, from which a client goes on without gap or repeat (LIV-06).

Owns the text form `<partition>:<offset>:<index>`: the next change wanted is the first one at or behind this place.
"""

import re
from typing import NamedTuple

_FORM = re.compile(r"([0-9]{1,5}):([0-9]{1,18}):([0-9]{1,9})")


class Cursor(NamedTuple):
    """The next change wanted. Compares in log order within a partition."""

    partition: int
    offset: int
    idx: int = 0

    def __str__(self) -> str:
        """The text that clients keep."""
        return f"{self.partition}:{self.offset}:{self.idx}"


def parse(text: object) -> Cursor | None:
    """A cursor from a client, or None for what is not one."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    return Cursor(*map(int, match.groups())) if match else None

"""Cursors of the feed: a place on the log, from which a client goes on without gap or repeat (LIV-06, LIV-07).

Owns the text forms. A place is `<partition>:<offset>:<index>`: the next change wanted is the first one at or behind it. What clients keep
names besides whose it is: `3:26:50@demo`; over all merchants it has a place for each partition: `0:12:0,1:7:3@*`. Must not know what a
channel is.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

ALL = "*"
"""The owner of a cursor over all merchants."""
RESUME_MAX = 8192
_FORM = re.compile(r"([0-9]{1,5}):([0-9]{1,18}):([0-9]{1,9})")
_OWNER = re.compile(r"[^@\s\x00]{1,64}")


class Cursor(NamedTuple):
    """The next change wanted. Compares in log order within a partition."""

    partition: int
    offset: int
    idx: int = 0

    def __str__(self) -> str:
        """The text of the place alone."""
        return f"{self.partition}:{self.offset}:{self.idx}"


class Resume(NamedTuple):
    """Where a client wants to go on: a place for each partition, and whose cursor it is (None: it does not say)."""

    places: dict[int, Cursor]
    owner: str | None = None


def told(places: Iterable[Cursor], owner: str) -> str:
    """The text that clients keep."""
    return f"{','.join(map(str, places))}@{owner}"


def parse(text: object) -> Cursor | None:
    """A single place from a client, with or without its owner; None for what is not one."""
    found = parse_resume(text)
    return next(iter(found.places.values())) if found is not None and len(found.places) == 1 else None


def parse_resume(text: object) -> Resume | None:
    """Where a client wants to go on; None for what we never gave."""
    if not isinstance(text, str) or len(text) > RESUME_MAX:
        return None
    named, at, owner = text.partition("@")
    found = [_FORM.fullmatch(part) for part in named.split(",")]
    if any(match is None for match in found) or (at and not _OWNER.fullmatch(owner)):
        return None
    cursors = [Cursor(*map(int, match.groups())) for match in found if match is not None]
    places = {cursor.partition: cursor for cursor in cursors}
    return Resume(places, owner or None) if len(places) == len(cursors) else None

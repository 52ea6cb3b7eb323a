"""The lives of an idempotency key: for 24 hours from its answer, then it is a new key.

Owns which life an answer surely belongs to, by the world's clock; processes' own clocks differ by less than the margin. Must not know what
a key was used for.
"""

from typing import Any, NamedTuple

DAY_MS = 24 * 3600 * 1000
MARGIN_MS = 10_000
"""More than two clocks and a small jump backwards can differ."""


class Life(NamedTuple):
    """From the first decision to 24 hours after the one that gave the answer: the opening of a submitted batch comes before its seal."""

    start: int
    end: int


def lived(lives: list[Life], at: int, ends: int) -> bool:
    """Note a decision that a key remembers until `ends`. False if that is not a day from it, nor what the key was told before."""
    if not lives or at >= lives[-1].end:
        lives.append(Life(at, ends))
        return ends == at + DAY_MS
    known = lives[-1].end
    lives[-1] = Life(lives[-1].start, ends)
    return ends in {known, at + DAY_MS}


def is_past(end: int, entry: Any) -> bool:
    """Whether this was asked when a life with this end was surely over."""
    return bool(entry.wall0 > end + MARGIN_MS)


def may_hold(life: Life, entry: Any) -> bool:
    """Whether this may have been answered within the life."""
    return not is_past(life.end, entry) and bool(entry.wall1 >= life.start - MARGIN_MS)


def number_of(lives: list[Life], entry: Any) -> int | None:
    """The number of the life in which this was asked and answered; None where it cannot be said."""
    for number, life in enumerate(lives or [Life(entry.wall0, entry.wall0 + DAY_MS)]):
        if number and not is_past(lives[number - 1].end, entry):
            return None
        if entry.wall1 < life.end - MARGIN_MS:
            return number if not number or entry.wall1 >= life.start - MARGIN_MS else None
    return None


def by_life(lives: list[Life], entries: list[Any]) -> dict[int, list[Any]]:
    """Entries of one key by the life they surely belong to; the others are left out."""
    found: dict[int, list[Any]] = {}
    for entry in entries:
        number = number_of(lives, entry)
        if number is not None:
            found.setdefault(number, []).append(entry)
    return found

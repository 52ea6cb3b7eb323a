"""Which rows of a file ask for the same, or have the same reference (BAT-08, BAT-09).

Owns how a million are compared in little memory and in small steps: one long sort in a thread would keep the interpreter from all others.
Must not know what is in a row.
"""

from array import array
from itertools import pairwise

HEAPS = 128


class EqualRows:
    """Rows are put on heaps by their hash; equal ones lie on the same. Sixteen bytes a row."""

    def __init__(self) -> None:
        """No row yet."""
        self._heaps = [(array("q"), array("l")) for _ in range(HEAPS)]

    def add(self, said: bytes | str, row: int) -> None:
        """The next row, by what it says. Two different ones are told apart by 64 bits."""
        found = hash(said)
        hashes, rows = self._heaps[found % HEAPS]
        hashes.append(found)
        rows.append(row)

    def pairs(self) -> list[tuple[int, int]]:
        """(row, the first row that it equals), by row."""
        return sorted(pair for hashes, rows in self._heaps for pair in _pairs(hashes, rows))


def _pairs(hashes: "array[int]", rows: "array[int]") -> list[tuple[int, int]]:
    twice = {one for one, other in pairwise(sorted(hashes)) if one == other}
    if not twice:
        return []
    first: dict[int, int] = {}
    return [
        (row, first[found])
        for found, row in zip(hashes, rows, strict=True)
        if found in twice and first.setdefault(found, row) != row
    ]

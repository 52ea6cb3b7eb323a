"""Equal rows of a file, however many and wherever they lie (BAT-09)."""

from random import Random

from services.ingest.files.equal_rows import EqualRows


def _pairs(rows: list[bytes]) -> list[tuple[int, int]]:
    equal = EqualRows()
    for number, row in enumerate(rows, 1):
        equal.add(row, number)
    return equal.pairs()


def test_each_later_row_names_the_first_that_it_equals() -> None:
    assert _pairs([b"a", b"b", b"a", b"c", b"b", b"a"]) == [(3, 1), (5, 2), (6, 1)]
    assert _pairs([b"a", b"b"]) == []


def test_many_rows_are_paired_as_by_plain_comparing() -> None:
    draws = Random(7)
    rows = [b"%d" % draws.randrange(3_000) for _ in range(5_000)]
    first: dict[bytes, int] = {}
    found = [(number, first[row]) for number, row in enumerate(rows, 1) if first.setdefault(row, number) != number]
    assert _pairs(rows) == found

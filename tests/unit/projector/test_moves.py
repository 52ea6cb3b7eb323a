"""Folding two changes of one payout into one row (guides/RELIABILITY T16)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projector.copy_text import text_field
from services.projector.moves import COLUMNS, DriftError, Move, fold
from services.projector.steps import NewPayout, PayoutRows

TIMES = st.none() | st.integers(1, 9)
TEXTS = st.none() | st.sampled_from(["a", "b"])


@st.composite
def chains(draw, length: int = 3) -> list[Move]:
    first = draw(st.integers(1, 5))
    return [
        Move(
            expects=version,
            version=version + 1,
            status=draw(st.sampled_from(["processing", "completed"])),
            updated_at=draw(st.integers(1, 9)),
            reason=draw(TEXTS),
            due_at=draw(TIMES),
            provider=draw(TEXTS),
            attempt_count=draw(TIMES),
            inquiry_count=draw(TIMES),
            processing_started_at=draw(TIMES),
            completed_at=draw(TIMES),
        )
        for version in range(first, first + length)
    ]


@given(chains())
def test_it_does_not_matter_which_two_changes_are_folded_first(moves: list[Move]) -> None:
    one, two, three = moves
    assert fold(fold(one, two), three) == fold(one, fold(two, three))


@given(chains(2))
def test_a_folded_change_leaves_the_row_as_both_changes_would(moves: list[Move]) -> None:
    row = dict.fromkeys(COLUMNS)
    alone = _written(_written(row, moves[0]), moves[1])
    assert _written(row, fold(*moves)) == alone


def test_the_first_time_of_processing_stays() -> None:
    earlier = Move(expects=1, version=2, status="processing", updated_at=10, processing_started_at=10)
    later = Move(expects=2, version=3, status="processing", updated_at=20, processing_started_at=20)
    assert fold(earlier, later).processing_started_at == 10


def test_versions_that_do_not_follow_each_other_are_drift() -> None:
    earlier = Move(expects=1, version=2, status="processing", updated_at=10)
    later = Move(expects=3, version=4, status="completed", updated_at=20)
    with pytest.raises(DriftError):
        fold(earlier, later)


def test_a_payout_that_is_born_and_moves_in_one_transaction_is_one_new_row() -> None:
    rows = PayoutRows()
    rows.add("p", NewPayout("head", Move(expects=0, version=1, status="pending", updated_at=1, attempt_count=0)))
    rows.move("p", Move(expects=1, version=2, status="processing", updated_at=2, attempt_count=1))
    assert not rows.moves
    assert (rows.born["p"].state.version, rows.born["p"].state.attempt_count) == (2, 1)


@given(
    st.lists(st.tuples(st.sampled_from("pq"), st.booleans(), st.none() | st.sampled_from(["", "r1", "r\t2"])), max_size=12)
)
def test_states_that_are_shared_are_written_like_those_that_are_not(moves: list[tuple[str, bool, str | None]]) -> None:
    """Rows of one event share a state, and a folded one; the latest reference that there was is each row's own."""
    shared, apart, versions = PayoutRows(), PayoutRows(), {"p": 1, "q": 1}
    states: dict[tuple[int, bool], Move] = {}
    for name, paid, reference in moves:
        versions[name] += 1
        state = _state(versions[name], paid=paid)
        shared.move(name, states.setdefault((versions[name], paid), state), reference)
        apart.move(name, state, reference)
    assert list(shared.move_lines()) == list(apart.move_lines())
    last = {name: text_field(([None] + [r for n, _, r in moves if n == name and r])[-1]) for name in shared.moves}
    assert {line.split("\t")[0]: line[:-1].split("\t")[-1] for line in shared.move_lines()} == last


def test_the_reference_of_a_payout_that_is_born_in_the_same_transaction_is_in_its_row() -> None:
    rows = PayoutRows()
    rows.add("p", NewPayout("head", Move(expects=0, version=1, status="pending", updated_at=1)))
    rows.move("p", _state(2, paid=True), "ref")
    rows.move("p", _state(3, paid=True))
    (line,) = rows.born_lines()
    assert line.startswith("head\t3\tcompleted\t")
    assert line.endswith("\tref\n")


def _state(version: int, *, paid: bool) -> Move:
    if paid:
        return Move(expects=version - 1, version=version, status="completed", updated_at=version, completed_at=version)
    return Move(expects=version - 1, version=version, status="processing", updated_at=version, attempt_count=version)


def _written(row: dict[str, object], move: Move) -> dict[str, object]:
    """What the statement MOVE does to a row."""
    always = ("version", "status", "reason", "updated_at", "due_at", "failure_code", "failure_reason")
    written = dict(row)
    for column in COLUMNS[:-1]:
        value = getattr(move, column)
        if column == "processing_started_at":
            written[column] = value if row[column] is None else row[column]
        elif column in always or value is not None:
            written[column] = value
    return written

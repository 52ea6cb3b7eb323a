"""When the hot tables are enough, and that no row is missed while rows move (ADR 0014)."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.gateway.past import LAST_ID, LAST_OFFSET, Past, Row


class Tables:
    """Answers by the table that a question names; `moves` are archived after the first question."""

    def __init__(self, hot: Sequence[str], archived: Sequence[str], moves: Sequence[str] = ()) -> None:
        self.hot, self.archived, self.moves = list(hot), list(archived), list(moves)
        self.last = max(archived, default=None)
        self.asked: list[str] = []

    async def ask(self, query: str, arguments: Sequence[Any]) -> list[Row]:
        self.asked.append(query)
        answer = self._answer(query)
        for moved in self.moves:
            self.hot.remove(moved)
            self.archived.append(moved)
            self.last = max(self.archived)
        self.moves = []
        return answer

    def _answer(self, query: str) -> list[Row]:
        if query in {LAST_ID, LAST_OFFSET}:
            return [{"last": self.last}] if self.last is not None else []
        return [{"id": name} for name in sorted(self.hot + (self.archived if "all_" in query else []), reverse=True)]


def _enough(limit: int) -> Any:
    return lambda found, last: len(found) > limit and found[-1]["id"] > last


async def _read(tables: Tables, limit: int) -> list[str]:
    return [row["id"] for row in await Past(tables.ask).read("FROM {payouts}", [], _enough(limit))]


@pytest.mark.parametrize(
    ("hot", "archived", "limit", "asked"),
    [
        (["e", "d"], ["a"], 1, ["FROM payouts", LAST_ID]),
        (["e", "d"], [], 9, ["FROM payouts", LAST_ID]),
        (["e", "d"], ["a"], 2, ["FROM payouts", LAST_ID, "FROM all_payouts"]),
        (["e", "b"], ["c"], 1, ["FROM payouts", LAST_ID, "FROM all_payouts"]),
    ],
    ids=["a full page above the archive", "nothing was archived", "a page that is not full", "a page that reaches below the archive's top"],
)  # fmt: skip
async def test_the_archive_is_read_only_where_it_may_have_rows(
    hot: list[str], archived: list[str], limit: int, asked: list[str]
) -> None:
    tables = Tables(hot, archived)
    found = await _read(tables, limit)
    assert tables.asked == asked
    assert found == sorted(hot if len(asked) == 2 else hot + archived, reverse=True)


async def test_a_row_that_is_archived_before_the_first_question_is_not_missed() -> None:
    assert await _read(Tables(["e"], ["a", "b"]), 9) == ["e", "b", "a"]


async def test_a_row_that_is_archived_after_the_first_question_was_seen_by_it() -> None:
    """The archive was empty; the marks are asked after, so they speak of a later time than the rows."""
    assert await _read(Tables(["e", "b"], [], moves=["b"]), 1) == ["e", "b"]


async def test_a_single_payout_that_comes_back_between_the_questions_is_found() -> None:
    tables = Tables([], ["a"])
    original = tables.ask

    async def ask(query: str, arguments: Sequence[Any]) -> list[Row]:
        found = await original(query, arguments)
        if query == "FROM payouts":
            tables.hot, tables.archived = ["a"], []
        return found

    assert await Past(ask).one("FROM {payouts}", "a") == {"id": "a"}


@pytest.mark.parametrize(("last", "start", "asked"), [(9, 10, 2), (10, 10, 3), (11, 10, 3), (None, 0, 2)])
async def test_changes_are_read_from_the_archive_only_where_it_reaches(last: int | None, start: int, asked: int) -> None:
    tables = Tables([], [])
    tables.last = last  # type: ignore[assignment]
    await Past(tables.ask).read_changes("FROM {changes} JOIN {payouts}", [], (3, start, 0))
    assert (
        tables.asked == ["FROM payout_changes JOIN payouts", LAST_OFFSET, "FROM all_payout_changes JOIN all_payouts"][:asked]
    )

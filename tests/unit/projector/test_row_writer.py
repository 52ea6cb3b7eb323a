"""Many lines on their way into a table."""

from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.projector import row_writer, statements


class Link:
    """A cursor that keeps what is written."""

    def __init__(self) -> None:
        self.copies: list[str] = []
        self.written: list[str] = []

    @asynccontextmanager
    async def copy(self, statement: str) -> Any:
        self.copies.append(statement)
        yield self

    async def write(self, block: str) -> None:
        self.written.append(block)


@pytest.mark.parametrize("count", [1, 3, 4, 8, 9])
async def test_lines_are_sent_in_blocks_of_one_copy_and_none_is_lost(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_writer, "AT_ONCE", 4)
    lines, link = [f"line {number}\n" for number in range(count)], Link()
    await row_writer.copy(link, statements.MOVES, iter(lines))  # type: ignore[arg-type]
    assert link.copies == [statements.MOVES.copy]
    assert "".join(link.written) == "".join(lines)
    assert max(block.count("\n") for block in link.written) <= 4


async def test_where_there_is_no_line_nothing_is_asked() -> None:
    link = Link()
    await row_writer.copy(link, statements.MOVES, iter(()))  # type: ignore[arg-type]
    assert link.copies == []

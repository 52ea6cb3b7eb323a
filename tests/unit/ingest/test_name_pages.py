"""Names of rows, put by in one thread and asked about in the loop: the same, in the same order, whatever a page holds."""

import asyncio

import pytest

from services.ingest.files import names
from services.ingest.files.names import Names, Page
from services.ingest.name_pages import NamePages

ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"


def named(row: int) -> tuple[str | None, str | None]:
    return (f"R-{row} \u00e9" if row % 3 else None, ACCOUNT if row % 2 else None)


def put_by(kept: Names, rows: range) -> None:
    for row in rows:
        kept.add(row, *named(row))


@pytest.mark.parametrize("page", [1, 3, 10, 11, 4000])
async def test_pages_give_back_all_names_in_order(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(names, "PAGE_ROWS", page)
    kept, found = Names(), list[tuple[int, str, str]]()
    pages = NamePages(kept)
    adding = asyncio.create_task(asyncio.to_thread(put_by, kept, range(1, 11)))
    adding.add_done_callback(lambda _: pages.end())
    while (one := await pages.next()) is not None:
        assert len(one.rows) <= page
        found += zip(*one, strict=True)
    assert found == [(row, *(name or "" for name in named(row))) for row in range(1, 11)]
    kept.close()


async def test_a_page_that_is_not_full_waits_for_the_end() -> None:
    kept = Names()
    pages = NamePages(kept)
    put_by(kept, range(1, 4))
    assert kept.are_any
    asked = asyncio.create_task(pages.next())
    await asyncio.sleep(0)
    assert not asked.done()
    pages.end()
    assert (await asked or Page([], [], [])).rows == [1, 2, 3]
    assert await pages.next() is None


def test_of_a_wrong_row_only_what_can_be_a_name_is_kept() -> None:
    kept = Names()
    kept.add_raw(1, "x" * 65, "no id")
    assert not kept.are_any
    kept.add_raw(2, "two\tcells", ACCOUNT.upper())
    kept.add_raw(3, "R", None)
    assert kept.last() == Page([2, 3], ["", "R"], [ACCOUNT, ""])
    assert kept.last() is None

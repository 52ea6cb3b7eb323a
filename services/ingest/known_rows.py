"""What the views know against rows of a file: a reference that an earlier payout has, an account that cannot be paid to (BAT-08, BAT-11).

Owns that it is asked in bulk before anything is on the log, so that all such rows are told at once and can be corrected; of a large file
while its rows are still being read. What is newer than the views the processor judges, and views that cannot be read or are behind for
long say nothing. Must not know kinds of files.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from domain.intake.faults import Fault
from schemas.topics import partition_of
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.names import Names, Page
from services.ingest.files.reading import REPEATED
from services.ingest.name_pages import NamePages
from services.ingest.store import Store, ViewUnavailableError
from services.ingest.waiting import Waiting

CAUGHT_UP_SECONDS, LOOK_SECONDS = 2.0, 0.1
"""So long it is waited, once all rows are read, until the views know what this process has seen decided; it is looked so often."""

UNUSABLE = "bank_account_unusable"


class OwnBatch(NamedTuple):
    """The batch that the file is to become. What its rows, or those of an earlier try under its key, have is theirs."""

    merchant_id: str
    batch_id: str
    key: str


class Asking:
    """The question about one file's rows, under way."""

    def __init__(self, pages: NamePages, found: Coroutine[Any, Any, bool]) -> None:
        """It is asked from now on; `stop` must follow."""
        self._pages = pages
        self._found = asyncio.create_task(found)

    async def told(self) -> bool:
        """Once all names have come, and it may be told: whether anything is known against any row. It stands in the book then."""
        self._pages.end()
        return await self._found

    async def stop(self) -> None:
        """Ask no more. A page that is being written into the book is still written, by its thread: nobody reads that book any more."""
        self._found.cancel()
        await asyncio.gather(self._found, return_exceptions=True)


class KnownRows:
    """Asks about the names of one file."""

    def __init__(self, store: Store, waiting: Waiting, own: OwnBatch) -> None:
        """`waiting` says how far the log is."""
        self._store = store
        self._own = own
        self._partition = partition_of(own.merchant_id, waiting.partitions)
        self._seen = waiting.passed.get(self._partition, 0)

    @asynccontextmanager
    async def asked(self, names: Names, book: Callable[[], FaultBook]) -> AsyncIterator[Asking]:
        """Ask about names as they come, while the block lasts."""
        pages = NamePages(names)
        asking = Asking(pages, self.find(pages, book))
        try:
            yield asking
        finally:
            await asking.stop()

    async def find(self, pages: NamePages, book: Callable[[], FaultBook]) -> bool:
        """Put what is known against the rows into the book, by row; whether there is anything.

        The book is wanted, and the rest of the file waited for, only where something is known: of a file that is a repeat as a whole
        nobody has to hear it.
        """
        try:
            page = await pages.next()
            if page is None or not await self._have_caught_up(pages):
                return False
            return await self._find(page, pages, book)
        except ViewUnavailableError:
            return False

    async def _find(self, first: Page, pages: NamePages, book: Callable[[], FaultBook]) -> bool:
        page: Page | None = first
        found = False
        while page is not None:
            taken, unusable = await self._taken(page.references), await self._unusable(page.account_ids)
            if taken or unusable:
                await pages.ended()
                await asyncio.to_thread(_book, book(), page, taken, unusable)
                found = True
            page = await pages.next()
        return found

    async def _taken(self, references: list[str]) -> dict[str, str]:
        """Reference -> the payout that has it."""
        asked = _without_gaps(references)
        return await self._store.taken_references(*self._own, asked) if asked else {}

    async def _unusable(self, account_ids: list[str]) -> dict[str, str]:
        """Account id -> what is wrong with it."""
        asked = _without_gaps(account_ids)
        return await self._store.unusable_accounts(self._own.merchant_id, asked) if asked else {}

    async def _have_caught_up(self, pages: NamePages) -> bool:
        """Wait until the views show all that this process has told of: a reference may be free now.

        As long as rows are read nobody is kept by that; behind the last one it is a little while, once for the file.
        """
        now, ends = asyncio.get_running_loop().time, 0.0
        while await self._store.position(self._partition) < self._seen:
            if pages.have_ended:
                ends = ends or now() + CAUGHT_UP_SECONDS
                if now() >= ends:
                    return False
            await asyncio.sleep(LOOK_SECONDS)
        return True


def _without_gaps(names: list[str]) -> list[str]:
    """Each name once."""
    return [name for name in dict.fromkeys(names) if name]


def _book(book: FaultBook, page: Page, taken: dict[str, str], unusable: dict[str, str]) -> None:
    book.add(list(_faults(page, taken, unusable)))


def _faults(page: Page, taken: dict[str, str], unusable: dict[str, str]) -> Iterator[Fault]:
    for row, reference, account_id in zip(*page, strict=True):
        if (payout_id := taken.get(reference)) is not None:
            detail = f"is the reference of payout {payout_id} already; each payout needs its own"
            yield _fault(row, "reference", REPEATED, detail)
        if (wrong := unusable.get(account_id)) is not None:
            yield _fault(row, "bank_account_id", UNUSABLE, wrong)


def _fault(row: int, field: str, code: str, detail: str) -> Fault:
    return Fault(pointer=f"/rows/{row - 1}/{field}", code=code, detail=detail, row=row, column=field)

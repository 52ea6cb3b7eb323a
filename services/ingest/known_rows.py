"""What the views know against rows of a file: a reference that an earlier payout has, an account that cannot be paid to (BAT-08, BAT-11).

Owns that it is asked in bulk before anything is on the log, so that all such rows are told at once and can be corrected. What is newer than
the views the processor judges, and views that cannot be read or are behind for long say nothing. Must not know kinds of files.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.intake.faults import Fault
from schemas.topics import partition_of
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.names import Named, Names
from services.ingest.files.reading import REPEATED
from services.ingest.store import Store, ViewUnavailableError
from services.ingest.waiting import Waiting

ASKED_AT_ONCE = 4000
CAUGHT_UP_SECONDS, LOOK_SECONDS = 2.0, 0.1
"""So long it is waited until the views know what this process has seen decided; it is looked so often."""

UNUSABLE = "bank_account_unusable"


class OwnBatch(NamedTuple):
    """The batch that the file is to become. What its rows, or those of an earlier try under its key, have is theirs."""

    merchant_id: str
    batch_id: str
    key: str


class KnownRows:
    """Asks about the names of one file."""

    def __init__(self, store: Store, waiting: Waiting, own: OwnBatch) -> None:
        """`waiting` says how far the log is."""
        self._store = store
        self._own = own
        self._partition = partition_of(own.merchant_id, waiting.partitions)
        self._seen = waiting.passed.get(self._partition, 0)

    async def find(self, names: Names, book: FaultBook) -> bool:
        """Put what is known against the rows into the book, by row; whether there is anything."""
        names.rewind()
        try:
            if not await self._have_caught_up():
                return False
            while page := await asyncio.to_thread(names.page, ASKED_AT_ONCE):
                taken = await self._taken({one.reference for one in page if one.reference})
                unusable = await self._unusable({one.account_id for one in page if one.account_id})
                book.add(list(_faults(page, taken, unusable)))
        except ViewUnavailableError:
            return False
        return book.count > 0

    async def _taken(self, references: Iterable[str]) -> dict[str, str]:
        asked = sorted(references)
        return await self._store.taken_references(*self._own, asked) if asked else {}

    async def _unusable(self, account_ids: Iterable[str]) -> dict[str, str]:
        """Account id -> what is wrong with it."""
        asked = sorted(account_ids)
        return await self._store.unusable_accounts(self._own.merchant_id, asked) if asked else {}

    async def _have_caught_up(self) -> bool:
        """Wait a little, once for the file, until the views show all that this process has told of: a reference may be free now."""
        ends = asyncio.get_running_loop().time() + CAUGHT_UP_SECONDS
        while await self._store.position(self._partition) < self._seen:
            if asyncio.get_running_loop().time() >= ends:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True


def _faults(page: Iterable[Named], taken: dict[str, str], unusable: dict[str, str]) -> Iterator[Fault]:
    for row, reference, account_id in page:
        if (payout_id := taken.get(reference)) is not None:
            detail = f"is the reference of payout {payout_id} already; each payout needs its own"
            yield _fault(row, "reference", REPEATED, detail)
        if (wrong := unusable.get(account_id)) is not None:
            yield _fault(row, "bank_account_id", UNUSABLE, wrong)


def _fault(row: int, field: str, code: str, detail: str) -> Fault:
    return Fault(pointer=f"/rows/{row - 1}/{field}", code=code, detail=detail, row=row, column=field)

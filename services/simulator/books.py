"""The provider's own durable books: what it was asked, what it paid.

Owns idempotency by reference, the index of references (in memory, read from the file at the start; about 150 bytes a transfer), and group
commit: requests of a few milliseconds share one durable transaction, the transfers of one bulk request lie in the same one, and nobody is
answered before it. Must not know HTTP, how fates are drawn, or the shape of the file.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from services.simulator.file import File
from services.simulator.transfers import Said, Transfer

GROUP_MAX = 500


class Entry(NamedTuple):
    """Lines that become durable together, and who waits for it."""

    transfers: Sequence[Transfer]
    said: Sequence[Said]
    done: asyncio.Future[None]


class Books:
    """One file. A reference is booked once, whatever comes again."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes the books in `folder`. Raises BooksInUseError."""
        self._file = File(folder)
        self._lines: dict[str, int] = dict(self._file.references())
        """Reference to the number of its durable line."""
        self._sorted: list[str] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="books")
        self._queue: list[Entry] = []
        self._flushing: asyncio.Task[None] | None = None
        self._booking: dict[str, Transfer] = {}

    def find(self, reference: str) -> Transfer | None:
        """The transfer of a reference, also one whose booking is under way."""
        return self.find_many([reference]).get(reference)

    def find_many(self, references: Sequence[str]) -> dict[str, Transfer]:
        """The same for many at once; those that are nowhere are left out."""
        numbers = [number for reference in references if (number := self._lines.get(reference)) is not None]
        found = {transfer.reference: transfer for transfer in self._file.lines(numbers)} if numbers else {}
        if booking := self._booking:
            found.update((reference, booking[reference]) for reference in references if reference in booking)
        return found

    def count_to(self, payee: str) -> int:
        """How many transfers to this payee, whose number ends in 0002, are booked."""
        under_way = sum(1 for transfer in self._booking.values() if transfer.payee == payee)
        return self._file.count_to(payee) + under_way

    def note(self, transfer: Transfer) -> None:
        """It counts and is found from now on; `book` makes it durable."""
        self._booking[transfer.reference] = transfer

    async def book(self, transfers: Sequence[Transfer]) -> None:
        """Return when these noted transfers are durable, with all that were given before."""
        await self._keep(transfers, ())

    async def amend(self, transfer: Transfer) -> None:
        """Return when the line of this reference durably stands so; what was noted before is durable first."""
        await self._keep((), ())
        number = self._lines[transfer.reference]
        await asyncio.get_running_loop().run_in_executor(self._thread, self._file.amend, number, transfer)

    async def say(self, said: Sequence[Said]) -> None:
        """Return when it is durable that these answers are about to be given."""
        await self._keep((), said)

    async def _keep(self, transfers: Sequence[Transfer], said: Sequence[Said]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(Entry(transfers, said, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        while self._queue:
            group = self._take()
            transfers = [transfer for entry in group for transfer in entry.transfers]
            said = [word for entry in group for word in entry.said]
            last = await asyncio.get_running_loop().run_in_executor(self._thread, self._file.append, transfers, said)
            for number, transfer in enumerate(transfers, last - len(transfers) + 1):
                self._lines[transfer.reference] = number
                del self._booking[transfer.reference]
            for entry in group:
                if not entry.done.done():
                    entry.done.set_result(None)

    def _take(self) -> list[Entry]:
        """What fits one transaction; an entry is never split."""
        count = end = 0
        while end < len(self._queue) and count < GROUP_MAX:
            count += len(self._queue[end].transfers) + len(self._queue[end].said)
            end += 1
        group, self._queue = self._queue[:end], self._queue[end:]
        return group

    def page(self, after: str, limit: int) -> list[Transfer]:
        """Transfers in order of reference behind `after`."""
        self._sorted.extend(islice(self._lines, len(self._sorted), None))
        self._sorted.sort()
        start = bisect_right(self._sorted, after)
        wanted = self._sorted[start : start + limit]
        return sorted(self._file.lines(self._lines[reference] for reference in wanted))

    def summary(self, now: int) -> list[dict[str, object]]:
        """Count per status and currency as it stands at `now`."""
        names = ("status", "currency", "count")
        return [dict(zip(names, row, strict=True)) for row in self._file.summary(now)]

    def close(self) -> None:
        """Close the file after what is under way."""
        self._thread.shutdown(wait=True)
        self._file.close()

"""The names of a file's rows as they come: from the thread that checks the rows to the loop, where others are asked about them.

Owns the waiting for the next page. Nobody is held up: a page that is not asked for yet waits on disk. Must not know what is asked.
"""

import asyncio

from services.ingest.files.names import Names, Page


class NamePages:
    """The pages of one file's names."""

    def __init__(self, names: Names) -> None:
        """Made in the loop, before the first name is added."""
        self._names = names
        self._came, self._all = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        names.on_page = self._tell

    def end(self) -> None:
        """All names have come, and all may be told that is known against them."""
        self._all.set()
        self._came.set()

    @property
    def have_ended(self) -> bool:
        """Whether that is so."""
        return self._all.is_set()

    async def ended(self) -> None:
        """Wait for that."""
        await self._all.wait()

    async def next(self) -> Page | None:
        """The next page, once it is there; None behind the last."""
        while (page := self._names.next_full()) is None:
            if self._all.is_set():
                return self._names.last()
            self._came.clear()
            await self._came.wait()
        return page

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._came.set)

"""The dead letters as the gateway knows them, and an operator's acts on them (RUN-24).

Owns one reader that follows the topic, without the letters' bytes, and that it begins anew when the broker was away. What an act means is
`runtime.dead_letter_desk`'s. Every call raises one of AWAY while the broker is away. Must not know HTTP.
"""

import asyncio

from aiokafka.errors import KafkaError

from runtime.dead_letter_book import Book
from runtime.dead_letter_desk import Desk, Outcome
from runtime.dead_letter_watch import Reader, read_book

AWAY = (KafkaError, OSError, TimeoutError)


class LetterDesk:
    """Connects when it is first asked."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        """Not connected."""
        self._bootstrap, self._partitions = bootstrap, partitions
        self._reader: Reader | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Disconnect; a repeat is no error."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.stop()

    async def book(self) -> Book:
        """All letters as they stand now, without their bytes."""
        async with self._turn:
            try:
                reader = self._reader or await self._open()
                return await reader.catch_up()
            except AWAY:
                await self.close()
                raise

    async def whole(self) -> Book:
        """The same with their bytes, read anew: nobody keeps them here."""
        return await read_book(self._bootstrap, self._partitions)

    async def redrive(self, letter_id: str, by: str) -> Outcome:
        """The original bytes go back to where they came from, once."""
        async with Desk(self._bootstrap, self._partitions, by) as desk:
            return await desk.redrive(letter_id)

    async def discard(self, letter_id: str, reason: str, by: str) -> Outcome:
        """Closed for good."""
        async with Desk(self._bootstrap, self._partitions, by) as desk:
            return await desk.discard(letter_id, reason)

    async def _open(self) -> Reader:
        reader = Reader(self._bootstrap, self._partitions, keep_bytes=False)
        try:
            await reader.start()
        except BaseException:
            await reader.stop()
            raise
        self._reader = reader
        return reader

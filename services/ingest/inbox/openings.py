"""Which batch a message means that names the key of its opening (INB-01).

Owns what this process has seen opened, and when the views are believed that nothing was: only once they have passed a place on the log
behind which the opening cannot stand. Another process may have judged it a moment ago, and the views may be far behind. Must not judge.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.ingest.problems import ProblemError
from services.ingest.store import Store, ViewUnavailableError
from services.ingest.waiting import Decided

T = TypeVar("T")

KEPT_MAX = 10_000
RETRY_SECONDS = 1.0

Asked = Callable[[str], Awaitable[Decided]]
"""Has a question of this merchant decided that changes nothing; what was decided before it stands before it on the log."""


class Openings:
    """Batches by merchant and the key of their opening."""

    def __init__(self, store: Store) -> None:
        """Nothing was seen yet."""
        self._store = store
        self._seen: OrderedDict[tuple[str, str], str] = OrderedDict()

    def add(self, merchant_id: str, key: str, batch_id: str) -> None:
        """Remember which batch an opening made; the oldest are forgotten, the projection knows them."""
        self._seen[merchant_id, key] = batch_id
        while len(self._seen) > KEPT_MAX:
            self._seen.popitem(last=False)

    async def find(self, merchant_id: str, key: str, ask: Asked) -> str:
        """The batch. Waits for the views as long as it takes. Raises ProblemError 404 for a key that opened none."""
        found = self._seen.get((merchant_id, key)) or await self._stored(merchant_id, key)
        if found is None:
            asked = await ask(merchant_id)
            while await _answered(lambda: self._store.position(asked.partition)) <= asked.offset:  # noqa: ASYNC110  another process moves it
                await asyncio.sleep(RETRY_SECONDS)
            found = await self._stored(merchant_id, key)
        if found is None:
            raise ProblemError("not_found", "No batch was opened under this batch_key.")
        return found

    async def _stored(self, merchant_id: str, key: str) -> str | None:
        stored = await _answered(lambda: self._store.stored_answer(merchant_id, key))
        return stored.subject if stored is not None else None


async def _answered(ask: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await ask()
        except ViewUnavailableError:
            await asyncio.sleep(RETRY_SECONDS)

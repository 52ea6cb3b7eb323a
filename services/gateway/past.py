"""Reading payouts of which old ones may be in the archive (ADR 0014).

Owns when the hot tables are enough. They are asked first, and what the archive reaches up to is asked after them: a row that was moved
before the first question is covered by the answer to the second. Where they are not enough, all is read again, hot and archived by one
statement, so that no row is missing or double, whatever moves meanwhile. Must not know what is asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Row = dict[str, Any]
Ask = Callable[[str, Sequence[Any]], Awaitable[list[Row]]]
HOT = {"payouts": "payouts", "changes": "payout_changes"}
WHOLE = {"payouts": "all_payouts", "changes": "all_payout_changes"}

LAST_ID = "SELECT last_id::text AS last FROM archive_marks ORDER BY last_id DESC LIMIT 1"
LAST_OFFSET = "SELECT last_offset AS last FROM archive_marks WHERE partition = %s"


class Past:
    """Asks by `ask`; in queries `{payouts}` and `{changes}` stand for the tables."""

    def __init__(self, ask: Ask) -> None:
        """`ask` is given a query and its arguments, and returns all rows."""
        self._ask = ask

    async def one(self, query: str, payout_id: str) -> Row | None:
        """What a query on one payout finds."""
        found = await self._ask(query.format(**HOT), [payout_id]) or await self._ask(query.format(**WHOLE), [payout_id])
        return found[0] if found else None

    async def read(self, query: str, arguments: Sequence[Any], is_all: Callable[[Sequence[Row], str], bool]) -> list[Row]:
        """What a query on payouts finds. `is_all` is told what the hot table has and the highest id that was ever archived."""
        found = await self._ask(query.format(**HOT), arguments)
        last = await self._ask(LAST_ID, ())
        if not last or is_all(found, last[0]["last"]):
            return found
        return await self._ask(query.format(**WHOLE), arguments)

    async def read_changes(self, query: str, arguments: Sequence[Any], start: tuple[int, int, int]) -> list[Row]:
        """What a query on the changes of a partition from `start` on (partition, offset, index) finds."""
        found = await self._ask(query.format(**HOT), arguments)
        last = await self._ask(LAST_OFFSET, [start[0]])
        if not last or last[0]["last"] < start[1]:
            return found
        return await self._ask(query.format(**WHOLE), arguments)

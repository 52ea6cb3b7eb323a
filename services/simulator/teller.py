"""Tells how transfers stand, and keeps what was told, if anybody wants to know it later.

Owns that a word is in the books before it is given, and what counts as one: a standing in a reply that its hearer can read, whatever it was
spoilt into. Must not know how a transfer came to its standing.
"""

from collections.abc import Sequence
from typing import Any, Literal

from aiohttp import web

from services.simulator.books import Books
from services.simulator.desk import now_ms
from services.simulator.replies import UNHEARD, give, spoilt
from services.simulator.scenario import Reply
from services.simulator.transfers import Said

Call = Literal["send", "inquire"]
STANDINGS = frozenset({"paid", "failed", "in_progress"})


class Teller:
    """Gives replies that name standings."""

    def __init__(self, books: Books, *, keep_said: bool) -> None:
        """`keep_said` writes every standing that is told into `books` first."""
        self._books, self._keep_said = books, keep_said

    async def tell(
        self, request: web.Request, call: Call, view: dict[str, object], reply: Reply = "honest"
    ) -> web.StreamResponse:
        """How one stands, as the sender hears it."""
        await self._keep(call, [view], reply)
        return await give(request, view, reply)

    async def tell_many(
        self, request: web.Request, call: Call, entries: Sequence[object], reply: Reply = "honest"
    ) -> web.StreamResponse:
        """How each stands; `reply` spoils them as a whole."""
        await self._keep(call, entries, reply)
        return await give(request, {"results": entries}, reply)

    async def _keep(self, call: Call, entries: Sequence[object], reply: Reply) -> None:
        if not self._keep_said or reply in UNHEARD:
            return
        heard: list[Any] = [spoilt(entry, reply)[0] for entry in entries]
        now = now_ms()
        said = [Said(one["reference"], now, call, one["status"], one["code"]) for one in heard if _names_a_standing(one)]
        if said:
            await self._books.say(said)


def _names_a_standing(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("status") in STANDINGS

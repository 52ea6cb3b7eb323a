"""The provider's HTTP door for one transfer at a time, and its books.

Owns requests and answers: transfers, inquiry, books. Must not know how books are kept or fates drawn. Unknown references are 404; a
reference that comes again with other content is 409. Many at once: services.simulator.bulk. Its control: services.simulator.control.
"""

import asyncio

import orjson
from aiohttp import web

from services.simulator import desk, scenario
from services.simulator.books import Books
from services.simulator.bulk import BulkDoor
from services.simulator.control import ControlDesk
from services.simulator.desk import Desk, now_ms
from services.simulator.replies import give, json
from services.simulator.teller import Teller

HANG_SECONDS = 600.0
PAGE_MAX = 1000
UNREADABLE = (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError)


class Provider:
    """One provider with its books and its mood of the day."""

    def __init__(self, books: Books, preset: scenario.Preset, *, keep_said: bool = False, controls: bool = False) -> None:
        """Answers from `books`; new transfers go by `preset`. `keep_said` writes every standing that is told into the books first.

        `controls` exist in the profile `development` only (SEC-19).
        """
        self._books = books
        self._desk = Desk(books, preset)
        self._teller = Teller(books, keep_said=keep_said)
        self._controls = ControlDesk(self._desk).routes() if controls else []

    def app(self) -> web.Application:
        """The web application."""
        application = web.Application(client_max_size=64 * 1024)
        application.add_routes(
            [
                web.post("/transfers", self.transfer),
                web.get("/transfers/{reference}", self.inquire),
                *BulkDoor(self._desk, self._teller).routes(),
                web.get("/books", self.books),
                web.get("/books/summary", self.summary),
                *self._controls,
                web.get("/livez", self.alive),
                web.get("/readyz", self.alive),
            ]
        )
        return application

    async def transfer(self, request: web.Request) -> web.StreamResponse:
        """Pay, or not. The same reference and content again gets the standing of the first."""
        try:
            asked = desk.read(orjson.loads(await request.read()))
        except UNREADABLE as error:
            return json({"code": "bad_request", "message": str(error)}, 400)
        taken = self._desk.take(asked, self._books.find(asked.body["reference"]))
        fate = taken.fate
        if taken.kind == "conflict":
            return json({"code": "duplicate_reference", "message": "this reference was used with other content"}, 409)
        if taken.kind == "lost":
            return await give(request, {}, fate.reply) if fate.reply != "honest" else await self._hang()
        assert taken.transfer is not None
        if taken.kind == "known":
            return await self._teller.tell(request, "send", taken.transfer.view(now_ms()))
        await self._books.book([taken.transfer])
        if not fate.answers and fate.recorded:
            return await self._hang()
        await asyncio.sleep(self._desk.preset.delay_seconds + fate.answer_after)
        reply = self._reply(fate, taken.transfer.reference)
        return await self._teller.tell(request, "send", taken.transfer.view(now_ms()), reply)

    def _reply(self, fate: scenario.Fate, reference: str) -> scenario.Reply:
        """A provider contradicts what it has said before; what nobody has asked about it tells as it is."""
        first_word = fate.reply == "says_failed" and reference not in self._desk.told
        return "honest" if first_word or not fate.recorded else fate.reply

    async def _hang(self) -> web.Response:
        await asyncio.sleep(HANG_SECONDS)
        return json({"code": "too_late"}, 504)

    async def inquire(self, request: web.Request) -> web.StreamResponse:
        """How a reference stands; 404 for one that never reached the books."""
        known = self._books.find(request.match_info["reference"])
        if known is None:
            return json({"code": "not_found"}, 404)
        self._desk.told.add(known.reference)
        return await self._teller.tell(request, "inquire", known.view(now_ms()))

    async def books(self, request: web.Request) -> web.Response:
        """A page of the books by reference: `after`, `limit`."""
        limit, now = min(int(request.query.get("limit", "100")), PAGE_MAX), now_ms()
        page = self._books.page(request.query.get("after", ""), limit)
        return json({"results": [{**t.view(now), "payee": t.payee, "received_at": t.received_at} for t in page]})

    async def summary(self, _request: web.Request) -> web.Response:
        """Counts per standing and currency."""
        return json({"results": self._books.summary(now_ms())})

    async def alive(self, _request: web.Request) -> web.Response:
        """Health."""
        return json({"status": "ok"})

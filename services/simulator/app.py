"""The provider's HTTP door.

Owns requests and answers: transfers, inquiry, books, control. Must not know how books are kept or fates drawn. Unknown references are 404;
a reference that comes again with other content is 409.
"""

import asyncio
import hashlib
import time

import orjson
from aiohttp import web

from services.simulator import scenario
from services.simulator.books import Books, Said, Transfer, new_transfer

HANG_SECONDS = 600.0
PAGE_MAX = 1000
REFERENCE_MAX = 64
FIELDS = ("reference", "amount", "currency")


class Provider:
    """One provider with its books and its mood of the day."""

    def __init__(self, books: Books, preset: scenario.Preset, *, keep_said: bool = False) -> None:
        """Answers from `books`; new transfers go by `preset`. `keep_said` writes every standing that is told into the books first."""
        self._keep_said = keep_said
        self._books = books
        self._preset = preset
        self._lost: set[str] = set()
        self._told: set[str] = set()

    def app(self) -> web.Application:
        """The web application."""
        application = web.Application(client_max_size=64 * 1024)
        application.add_routes(
            [
                web.post("/transfers", self.transfer),
                web.get("/transfers/{reference}", self.inquire),
                web.get("/books", self.books),
                web.get("/books/summary", self.summary),
                web.get("/control/preset", self.show_preset),
                web.put("/control/preset", self.change_preset),
                web.get("/livez", self.alive),
                web.get("/readyz", self.alive),
            ]
        )
        return application

    async def transfer(self, request: web.Request) -> web.Response:
        """Pay, or not. The same reference and content again gets the standing of the first."""
        try:
            body = orjson.loads(await request.read())
            payee, content = _payee(body), _content(body)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            return _json({"code": "bad_request", "message": str(error)}, 400)
        known = self._books.find(body["reference"])
        if known is not None:
            return await self._again(known, content)
        fate = scenario.fate(self._preset, body["reference"], payee, self._earlier(payee))
        if not fate.recorded and body["reference"] not in self._lost:
            self._lost.add(body["reference"])
            return _json(*_spoilt({}, fate.reply)) if fate.reply != "honest" else await self._hang()
        booked = new_transfer(body, fate, content, payee)
        await self._books.book(booked)
        if not fate.answers and fate.recorded:
            return await self._hang()
        await asyncio.sleep(self._preset.delay_seconds + fate.answer_after)
        return await self._tell("send", *_spoilt(booked.view(_now()), self._reply(fate, body["reference"])))

    async def _tell(self, call: str, answer: object, status: int) -> web.Response:
        if self._keep_said and status == 200 and isinstance(answer, dict):
            await self._books.say(Said(answer["reference"], _now(), call, answer["status"], answer["code"]))
        return _json(answer, status)

    def _reply(self, fate: scenario.Fate, reference: str) -> scenario.Reply:
        """A provider contradicts what it has said before; what nobody has asked about it tells as it is."""
        first_word = fate.reply == "says_failed" and reference not in self._told
        return "honest" if first_word or not fate.recorded else fate.reply

    def _earlier(self, payee: str) -> int:
        return self._books.count_to(payee) if payee.endswith("0002") else 0

    async def _again(self, known: Transfer, content: str) -> web.Response:
        if known.content != content:
            return _json({"code": "duplicate_reference", "message": "this reference was used with other content"}, 409)
        return await self._tell("send", known.view(_now()), 200)

    async def _hang(self) -> web.Response:
        await asyncio.sleep(HANG_SECONDS)
        return _json({"code": "too_late"}, 504)

    async def inquire(self, request: web.Request) -> web.Response:
        """How a reference stands; 404 for one that never reached the books."""
        known = self._books.find(request.match_info["reference"])
        if known is None:
            return _json({"code": "not_found"}, 404)
        self._told.add(known.reference)
        return await self._tell("inquire", known.view(_now()), 200)

    async def books(self, request: web.Request) -> web.Response:
        """A page of the books by reference: `after`, `limit`."""
        limit = min(int(request.query.get("limit", "100")), PAGE_MAX)
        page = self._books.page(request.query.get("after", ""), limit)
        return _json({"results": [{**t.view(_now()), "payee": t.payee, "received_at": t.received_at} for t in page]})

    async def summary(self, _request: web.Request) -> web.Response:
        """Counts per standing and currency."""
        return _json({"results": self._books.summary(_now())})

    async def show_preset(self, _request: web.Request) -> web.Response:
        """The preset in force."""
        return _json(self._preset.__dict__)

    async def change_preset(self, request: web.Request) -> web.Response:
        """Choose a preset, and change some of its numbers."""
        try:
            body = orjson.loads(await request.read())
            changes = {key: value for key, value in body.items() if key != "preset"}
            self._preset = scenario.preset(body.get("preset", self._preset.name), **changes)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            known = ", ".join(scenario.PRESETS)
            return _json({"code": "bad_request", "message": f"{error}; presets: {known}"}, 400)
        return _json(self._preset.__dict__)

    async def alive(self, _request: web.Request) -> web.Response:
        """Health."""
        return _json({"status": "ok"})


def _spoilt(view: dict[str, object], reply: scenario.Reply) -> tuple[object, int]:
    """What the sender hears instead of `view`, and under which status."""
    match reply:
        case "busy":
            return {"code": "provider_busy"}, 429
        case "error":
            return {"code": "internal"}, 500
        case "garbage":
            return None, 200
        case "other_amount":
            return {**view, "amount": "1"}, 200
        case "says_failed":
            return {**view, "status": "failed", "code": scenario.FINAL_CODES[0]}, 200
        case _:
            return view, 200


def _payee(body: dict[str, object]) -> str:
    for name in FIELDS:
        value = body[name]
        if not isinstance(value, str) or not 0 < len(value) <= REFERENCE_MAX:
            raise ValueError(f"{name} must be a short text")
    payee = body["payee"]
    if not isinstance(payee, dict):
        raise TypeError("payee must be an object")
    number = payee.get("msisdn") or payee.get("account_number") or payee.get("account") or payee.get("iban")
    if not isinstance(number, str):
        raise TypeError("payee needs msisdn, account_number or iban")
    return number


def _content(body: dict[str, object]) -> str:
    parts = {name: body.get(name) for name in ("amount", "currency", "payee")}
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _json(body: object, status: int = 200) -> web.Response:
    if body is None:
        return web.Response(body=b"<html>try again</html", status=status, content_type="application/json")
    headers = {"Retry-After": "1"} if status == 429 else None
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


def _now() -> int:
    return time.time_ns() // 1_000_000

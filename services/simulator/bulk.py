"""The provider's HTTP door for many transfers at once.

Owns the bulk dialect: up to TRANSFERS_MAX transfers or references in one request, one standing for each in one reply, in their order; what
is wrong with one is told in its place. All new ones are durable together before the reply. Must not know how books are kept or fates drawn.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web

from services.simulator import scenario
from services.simulator.desk import REFERENCE_MAX, Asked, Desk, Taken, now_ms, read
from services.simulator.replies import GARBAGE, json, spoilt
from services.simulator.teller import Teller
from services.simulator.transfers import Transfer

TRANSFERS_MAX = 500
BYTES_MAX = 4 * 1024 * 1024


class BulkDoor:
    """Many transfers, many questions."""

    def __init__(self, desk: Desk, teller: Teller) -> None:
        """Takes them in at the same desk as single ones, and tells of them by the same teller."""
        self._desk, self._teller = desk, teller

    def routes(self) -> list[web.RouteDef]:
        """What it answers to."""
        return [
            web.post("/batchtransactions", self.transfer),
            web.post("/batchtransactions/inquiry", self.inquire),
        ]

    async def transfer(self, request: web.Request) -> web.StreamResponse:
        """Pay each, or not."""
        try:
            bodies = await _list_in(request, "transfers")
        except ValueError as error:
            return json({"code": "bad_request", "message": str(error)}, 400)
        taken = self._take([_asked(body) for body in bodies])
        new = [one.transfer for one in taken if isinstance(one, Taken) and one.kind == "new" and one.transfer is not None]
        await self._desk.books.book(new)
        await asyncio.sleep(self._desk.preset.delay_seconds)
        now = now_ms()
        told = [_told(body, one, now) for body, one in zip(bodies, taken, strict=True)]
        entries = [entry for entry in told if entry is not None]
        return await self._teller.tell_many(request, "send", entries, self._reply(taken, new))

    def _take(self, every: Sequence[Asked | str]) -> list[Taken | str]:
        """One after another, so that a reference that comes twice is known the second time; a text says what cannot be read."""
        readable = [asked.body["reference"] for asked in every if not isinstance(asked, str)]
        known = self._desk.books.find_many(readable)
        taken: list[Taken | str] = []
        for asked in every:
            if isinstance(asked, str):
                taken.append(asked)
                continue
            one = self._desk.take(asked, known.get(asked.body["reference"]))
            if one.kind == "new" and one.transfer is not None:
                known[one.transfer.reference] = one.transfer
            taken.append(one)
        return taken

    def _reply(self, taken: list[Taken | str], new: list[Transfer]) -> scenario.Reply:
        """Spoilt as a whole by a payee that says so, or by the preset; never when nothing was new."""
        by_payee = (one.fate.reply for one in taken if isinstance(one, Taken) and one.kind == "new" and one.fate.whole)
        drawn = scenario.bulk_reply(self._desk.preset, new[0].reference) if new else "honest"
        return next(by_payee, drawn)

    async def inquire(self, request: web.Request) -> web.StreamResponse:
        """How each reference stands, or that it never reached the books."""
        try:
            references = await _list_in(request, "references")
            if not all(isinstance(one, str) and len(one) <= REFERENCE_MAX for one in references):
                raise ValueError("a reference must be a short text")
        except ValueError as error:
            return json({"code": "bad_request", "message": str(error)}, 400)
        known, now = self._desk.books.find_many(references), now_ms()
        self._desk.told.update(known)
        absent = {"status": "not_found"}
        entries = [known[r].view(now) if r in known else {"reference": r, **absent} for r in references]
        return await self._teller.tell_many(request, "inquire", entries)


async def _list_in(request: web.Request, name: str) -> list[Any]:
    """What the request lists under `name`. Raises ValueError."""
    try:
        body = orjson.loads(await request.clone(client_max_size=BYTES_MAX).read())
    except web.HTTPRequestEntityTooLarge:
        raise ValueError(f"at most {BYTES_MAX} bytes") from None
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list) or not 0 < len(found) <= TRANSFERS_MAX:
        raise ValueError(f"{name} must be a list of 1 to {TRANSFERS_MAX}")
    return found


def _asked(body: object) -> Asked | str:
    try:
        return read(body)
    except (KeyError, TypeError, ValueError) as error:
        return str(error)


def _told(body: Any, taken: Taken | str, now: int) -> object:
    """The entry of one transfer, or None where its place stays empty."""
    if isinstance(taken, str):
        return _refused(body if isinstance(body, dict) else {}, "bad_request", taken)
    fate, transfer = taken.fate, taken.transfer
    if transfer is not None and fate is scenario.PAID and taken.kind == "new":
        return transfer.view(now)
    if taken.kind == "conflict":
        return _refused(body, "duplicate_reference", "this reference was used with other content")
    if taken.kind == "lost":
        return {"busy": _refused(body, "too_many_requests", "slow down"), "error": _failed(body)}.get(fate.reply)
    assert transfer is not None
    view = transfer.view(now)
    return view if taken.kind == "known" or not fate.recorded or fate.whole else _of_new(body, view, fate)


def _of_new(body: dict[str, Any], view: dict[str, object], fate: scenario.Fate) -> object:
    if not fate.answers:
        return view if fate.status == "in_progress" else None
    if fate.answer_after:
        return {**view, "status": "in_progress"}
    match fate.reply:
        case "error":
            return _failed(body)
        case "garbage":
            return GARBAGE.decode()
        case reply:
            return spoilt(view, reply)[0]


def _refused(body: dict[str, Any], code: str, message: str) -> dict[str, object]:
    echo = {name: body.get(name) for name in ("reference", "amount", "currency")}
    return {**echo, "status": "refused", "code": code, "message": message}


def _failed(body: dict[str, Any]) -> dict[str, object]:
    return {"reference": body["reference"], "status": "error", "code": "internal"}

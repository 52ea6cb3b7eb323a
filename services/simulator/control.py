"""The provider's control desk: the preset in force, and the outcome of one transfer chosen by hand (SIM-02, SIM-03, CON-05).

Owns those requests and answers. What has ended cannot be chosen again: a provider does not take its word back. Must not know how books are
kept.
"""

from dataclasses import asdict

import orjson
from aiohttp import web

from services.simulator import scenario
from services.simulator.desk import REFERENCE_MAX, Desk, now_ms
from services.simulator.replies import json
from services.simulator.transfers import Transfer

UNREADABLE = (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError)
OUTCOMES = ("paid", "failed", "hang")


class ControlDesk:
    """Changes what becomes of transfers."""

    def __init__(self, desk: Desk) -> None:
        """Of the transfers that come to `desk`."""
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """What it answers to."""
        return [
            web.get("/control/preset", self.show_preset),
            web.put("/control/preset", self.change_preset),
            web.get("/control/transfers/{reference}", self.show),
            web.put("/control/transfers/{reference}", self.choose),
        ]

    async def show_preset(self, _request: web.Request) -> web.Response:
        """The preset in force."""
        return json({**asdict(self._desk.preset), "presets": list(scenario.PRESETS)})

    async def change_preset(self, request: web.Request) -> web.Response:
        """Choose a preset, and change some of its numbers."""
        try:
            body = orjson.loads(await request.read())
            changes = {key: value for key, value in body.items() if key != "preset"}
            self._desk.preset = scenario.preset(body.get("preset", self._desk.preset.name), **changes)
        except UNREADABLE as error:
            known = ", ".join(scenario.PRESETS)
            return json({"code": "bad_request", "message": f"{error}; presets: {known}"}, 400)
        return await self.show_preset(request)

    async def show(self, request: web.Request) -> web.Response:
        """How a reference stands, and what was chosen for it."""
        return json(self._view(request.match_info["reference"]))

    async def choose(self, request: web.Request) -> web.Response:
        """Choose how a transfer ends: one that hangs ends so, one that has not come yet will. 409 for one that has ended."""
        reference = request.match_info["reference"]
        try:
            body = orjson.loads(await request.read())
            fate = _fate(body["outcome"], body.get("code"))
            if not 0 < len(reference) <= REFERENCE_MAX:
                raise ValueError("the reference must be a short text")
        except UNREADABLE as error:
            return json({"code": "bad_request", "message": f"{error}; outcomes: {', '.join(OUTCOMES)}"}, 400)
        known = self._desk.books.find(reference)
        if known is None:
            self._desk.chosen[reference] = fate
        elif known.standing(now_ms()) != "in_progress":
            return json({"code": "settled", "message": f"it has ended: {known.standing(now_ms())}"}, 409)
        else:
            await self._desk.books.amend(_ended(known, fate))
        return json(self._view(reference))

    def _view(self, reference: str) -> dict[str, object]:
        known, chosen = self._desk.books.find(reference), self._desk.chosen.get(reference)
        standing = known.standing(now_ms()) if known is not None else None
        code = known.code if known is not None and standing == "failed" else None
        return {
            "reference": reference,
            "standing": standing,
            "code": code,
            "chosen": None if chosen is None else _outcome(chosen),
            "outcomes": list(OUTCOMES),
            "codes": [*scenario.FINAL_CODES, *scenario.RETRYABLE_CODES],
        }


def _fate(outcome: str, code: str | None) -> scenario.Fate:
    """Raises ValueError for what is none."""
    if outcome != "failed":
        if code is not None:
            raise ValueError("only a failure has a code")
        return {"paid": scenario.PAID, "hang": scenario.HANG}[outcome]
    named = code or scenario.FINAL_CODES[0]
    if named not in {*scenario.FINAL_CODES, *scenario.RETRYABLE_CODES}:
        raise ValueError("the code is not one of the provider's")
    return scenario.Fate("failed", named, retryable=named in scenario.RETRYABLE_CODES)


def _outcome(fate: scenario.Fate) -> str:
    return "hang" if fate.status == "in_progress" else fate.status


def _ended(known: Transfer, fate: scenario.Fate) -> Transfer:
    """The line as it stands from now on."""
    return known._replace(status=fate.status, code=fate.code, retryable=fate.retryable, pays_at=None)

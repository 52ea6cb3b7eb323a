"""The development routes: the fault layer's switch, the simulator's preset, the outcome of one payout (CON-05, CON-18).

They are part of the application in the profile `development` only. Owns requests and answers. Must not know how a fault is made.
"""

import math
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from domain.access import matrix
from domain.intake.content import JsonFraction
from domain.payout.next_step import next_attempt
from runtime.http_problems import ProblemError
from schemas.ids import attempt_reference
from schemas.words import PayoutStatus, Reason
from services.gateway.bodies import invalid, read_object
from services.gateway.development.described import described
from services.gateway.development.layer import theme_of
from services.gateway.development.modes import AWAY, Mode
from services.gateway.development.provider import Provider
from services.gateway.development.switch import Switch
from services.gateway.door import json_response, own_payout
from services.gateway.store import Row

FAULT_MEMBERS = frozenset({"mode", "seconds", "themes"})
PRESET_MEMBERS = frozenset(
    {"preset", "failure_rate", "hang_rate", "unheard_rate", "delay_seconds", "seed", "bulk_trouble_rate"}
)
OUTCOME_MEMBERS = frozenset({"outcome", "code"})
NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(prefix="/api/v1/dev")


@dataclass(frozen=True)
class Development:
    """What the routes share; built by `wiring` in the profile `development`."""

    switch: Switch
    provider: Provider


def _development(request: Request) -> Development:
    found: Development = request.app.state.development
    return found


@router.get("/faults", summary="Which faults are on", **described("get_faults"))
async def get_faults(request: Request) -> Response:
    """The mode, until when, what it has done, and which modes there are."""
    return json_response(_development(request).switch.view(), headers=NO_STORE)


@router.put("/faults", summary="Switch faults on or off", **described("set_faults"))
async def set_faults(request: Request) -> Response:
    """At once, for every request of this gateway process; it ends by itself. The same again begins its time anew."""
    body = await read_object(request, FAULT_MEMBERS)
    switch = _development(request).switch
    if body.get("mode") not in list(Mode):  # a list compares, and so takes any JSON value
        raise invalid("/mode", f"must be one of {', '.join(Mode)}")
    switch.set(Mode(body["mode"]), seconds=_seconds(body, switch), themes=_themes(body))
    return json_response(switch.view(), headers=NO_STORE)


def _seconds(body: dict[str, Any], switch: Switch) -> int:
    seconds, most = body.get("seconds", switch.numbers.seconds), switch.numbers.seconds_max
    if type(seconds) is not int or not 1 <= seconds <= most:
        raise invalid("/seconds", f"must be a whole number from 1 to {most}")
    return seconds


def _themes(body: dict[str, Any]) -> frozenset[str]:
    known = {theme_of(route.path) for route in matrix.ROUTES if route.path.startswith(matrix.V1)}
    themes = body.get("themes", sorted(AWAY))
    if not isinstance(themes, list) or not all(isinstance(theme, str) and theme in known for theme in themes):
        raise invalid("/themes", f"must list some of {', '.join(sorted(known))}")
    return frozenset(themes)


@router.get("/simulator", summary="The provider simulator's preset", **described("get_simulator"))
async def get_simulator(request: Request) -> Response:
    """The preset in force with its numbers, and which presets there are."""
    return json_response(await _development(request).provider.preset(), headers=NO_STORE)


@router.put("/simulator", summary="Choose the provider simulator's preset", **described("set_simulator"))
async def set_simulator(request: Request) -> Response:
    """Holds for transfers that come from now on; a repeat changes nothing."""
    body = _plain(await read_object(request, PRESET_MEMBERS))
    return json_response(await _development(request).provider.choose_preset(body), headers=NO_STORE)


@router.get("/payouts/{payout_id}/outcome", summary="How the provider stands to a payout", **described("get_outcome"))
async def get_outcome(request: Request, payout_id: str) -> Response:
    """Of the attempt that runs or comes next: what the simulator's books say, what was chosen, what can be."""
    row = await _payout(request, payout_id)
    reference = _reference(row)
    return json_response(_outcome(row, await _development(request).provider.standing(reference)), headers=NO_STORE)


@router.put("/payouts/{payout_id}/outcome", summary="Choose how a payout ends", **described("set_outcome"))
async def set_outcome(request: Request, payout_id: str) -> Response:
    """The simulator ends the attempt so; Payflow hears of it as of every other word of a provider. A repeat is 409 once it has ended."""
    body = _plain(await read_object(request, OUTCOME_MEMBERS))
    row = await _payout(request, payout_id)
    reference = _reference(row)
    return json_response(_outcome(row, await _development(request).provider.choose(reference, body)), headers=NO_STORE)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """As the simulator takes it: texts and numbers, none of which is money."""
    found = {name: float(value.text) if isinstance(value, JsonFraction) else value for name, value in body.items()}
    for name, value in found.items():
        if isinstance(value, list | dict) or (isinstance(value, float) and not math.isfinite(value)):
            raise invalid(f"/{name}", "must be a text or a number")
    return found


async def _payout(request: Request, payout_id: str) -> Row:
    row = await own_payout(request, payout_id)
    if row is None:
        raise ProblemError("not_found", "There is no such payout.")
    return row


def _reference(row: Row) -> str:
    """The reference of the attempt that runs, or of the next. Raises ProblemError 409 for a payout that has ended."""
    status, reason = PayoutStatus(row["status"]), Reason(row["reason"]) if row["reason"] else None
    attempt = next_attempt(status, reason, row["attempt_count"])
    if attempt is None:
        raise ProblemError("invalid_state_transition", f"The payout is {status}: no provider is asked about it any more.")
    return attempt_reference(row["id"], attempt)


def _outcome(row: Row, told: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "status": row["status"], **told}

"""The routes of deliveries: list them with their attempts and answers, and send them again (WHK-04).

Owns these routes and their filters. Must not know SQL beyond conditions on a delivery.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from domain.intake.faults import Fault
from domain.webhooks.kinds import KINDS
from domain.webhooks.requests import STATUSES, Selection, read_selection
from runtime.http_problems import ProblemError
from schemas.ids import is_uuid
from schemas.times import parse_rfc3339
from services.webhooks.asking import actor_of, content_of, id_of, merchant_of, not_found, problem_of, wanted
from services.webhooks.documentation import documented
from services.webhooks.door import asked, attempt_form, delivery_form, door_of, json_response

LIMIT_DEFAULT, LIMIT_MAX = 50, 500
IDS_SHOWN = 1000
FILTERS = {"webhook_id", "status", "type", "payout_id", "batch_id", "created_after", "created_before", "limit", "cursor"}
SUBJECTS = {"payout_id": "payout", "batch_id": "batch"}
WORDS = {"status": ("d.status", STATUSES), "type": ("d.kind", KINDS)}
TIMES = {"created_after": ">=", "created_before": "<="}

router = APIRouter(prefix="/deliveries")


@router.get("", **documented("list_deliveries"))
async def list_deliveries(request: Request) -> Response:
    """Newest first, by cursor; filters by endpoint, status, type, payout, batch and time of the event."""
    conditions, arguments = filters(merchant_of(request), request.query_params)
    limit = _limit(request.query_params.get("limit"))
    rows = await asked(door_of(request).registry.deliveries(conditions, arguments, limit))
    shown = rows[:limit]
    cursor = shown[-1]["id"] if len(rows) > limit else None
    return json_response({"results": [delivery_form(row) for row in shown], "next_cursor": cursor})


@router.post("/send-again", **documented("send_deliveries_again"))
async def send_again(request: Request) -> Response:
    """Send a selection by ids, or a time range, again: 202 with how many. Each keeps its `webhook-id`."""
    selection = wanted(read_selection(await content_of(request)))
    return await _again(request, selection)


@router.get("/{delivery_id}", **documented("get_delivery"))
async def get_delivery(request: Request, delivery_id: str) -> Response:
    """One delivery with what its event said."""
    row = await asked(door_of(request).registry.delivery(merchant_of(request), id_of(delivery_id, "delivery")))
    if row is None:
        raise not_found("delivery")
    return json_response({**delivery_form(row), "own": row["own"]})


@router.get("/{delivery_id}/attempts", **documented("list_attempts"))
async def list_attempts(request: Request, delivery_id: str) -> Response:
    """Every try with its status code, time, and the beginning of the answer."""
    registry, known = door_of(request).registry, id_of(delivery_id, "delivery")
    if await asked(registry.delivery(merchant_of(request), known)) is None:
        raise not_found("delivery")
    rows = await asked(registry.attempts(known))
    return json_response({"count": len(rows), "results": [attempt_form(row) for row in rows]})


@router.post("/{delivery_id}/send-again", **documented("send_delivery_again"))
async def send_one_again(request: Request, delivery_id: str) -> Response:
    """Send one delivery again; one that is pending is on its way, and that is no error."""
    return await _again(request, Selection(ids=(id_of(delivery_id, "delivery"),)))


async def _again(request: Request, selection: Selection) -> Response:
    door, merchant_id = door_of(request), merchant_of(request)
    if selection.ids:
        known = await asked(door.registry.known(merchant_id, selection.ids))
        if missing := [one for one in selection.ids if one not in known]:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise ProblemError("not_found", f"There is no delivery {missing[0]}{more}; nothing was sent again.")
        if any(status != "enabled" for status in known.values()):
            raise ProblemError("webhook_disabled", "The webhook is not enabled: enable it first; nothing was sent again.")
    sent = await asked(door.registry.by(actor_of(request)).send_again(merchant_id, selection, door.clock.now_ms()))
    request.app.state.wake()
    return json_response({"count": len(sent), "ids": sorted(sent)[:IDS_SHOWN]}, 202)


def filters(merchant_id: str, query: Mapping[str, str]) -> tuple[list[str], list[object]]:
    """SQL conditions and arguments of a list. Raises ProblemError 400 that names the parameter."""
    conditions, arguments = ["d.merchant_id = %s"], [merchant_id]  # type: list[str], list[object]
    for name, text in query.items():
        if name not in FILTERS:
            raise _refuse(name[:64], "is not known here")
        for condition, argument in _condition(name, text):
            conditions.append(condition)
            arguments.append(argument)
    return conditions, arguments


def _condition(name: str, text: str) -> list[tuple[str, object]]:
    if name in WORDS:
        column, known = WORDS[name]
        chosen = [part.strip() for part in text.split(",")]
        if any(part not in known for part in chosen):
            raise _refuse(name, f"has a value that is not known; known: {', '.join(known)}")
        return [(f"{column} = ANY(%s)", chosen)]
    if name in TIMES:
        try:
            return [(f"d.at {TIMES[name]} %s", parse_rfc3339(text.replace(" ", "+")[:64]))]
        except (ValueError, OverflowError):
            raise _refuse(name, "must be a time in RFC 3339, such as 2026-01-31T08:00:00Z") from None
    if name in SUBJECTS:
        return [("d.subject = %s", f"{SUBJECTS[name]}:{_id(name, text)}")]
    if name == "webhook_id":
        return [("d.endpoint_id = %s", _id(name, text))]
    return [("d.id < %s", _id(name, text))] if name == "cursor" and text else []


def _id(name: str, text: str) -> str:
    if not is_uuid(text.lower()):
        raise _refuse(name, "must be a UUID")
    return text.lower()


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LIMIT_MAX):
        raise _refuse("limit", f"must be a number from 1 to {LIMIT_MAX}")
    return int(text)


def _refuse(name: str, detail: str) -> ProblemError:
    return problem_of([Fault(pointer=f"query/{name}", detail=detail)])

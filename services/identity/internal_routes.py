"""What only our own processes ask: redeem a ticket, write down a reveal, a refused act or acts of other services; whether all is well.

Owns these routes; they are no part of the public API. The inner door keeps everybody else out.
"""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Request, Response

from domain.access.principal import decode
from runtime import health
from runtime.http_problems import ProblemError
from schemas.ids import MERCHANT_ID_PATTERN, UUID_PATTERN
from services.identity import tickets
from services.identity.asking import content, desk_of, fields, told
from services.identity.trail import DONE, Entry, tell

router = APIRouter(include_in_schema=False)


class Telling(msgspec.Struct, forbid_unknown_fields=True):
    """An act of our own processes that is to be told. An empty `merchant` is a thing of the whole house."""

    principal: str
    action: str
    subject: str
    merchant: str
    reason: str
    outcome: Literal["done", "refused"] = DONE


class Act(msgspec.Struct, forbid_unknown_fields=True):
    """An act of a service, done already; `at` in ms UTC."""

    id: Annotated[str, msgspec.Meta(pattern=UUID_PATTERN)]
    at: Annotated[int, msgspec.Meta(ge=0)]
    actor: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,16}:[A-Za-z0-9_-]{1,64}$")]
    action: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,32}\.[a-z_]{1,32}$")]
    subject: Annotated[str, msgspec.Meta(max_length=200)]
    merchant_id: Annotated[str, msgspec.Meta(pattern=MERCHANT_ID_PATTERN)]
    detail: dict[str, Any]


class Acts(msgspec.Struct, forbid_unknown_fields=True):
    """Acts, oldest first."""

    acts: Annotated[list[Act], msgspec.Meta(max_length=1000)]


@router.post("/internal/tickets/redeem")
async def redeem(request: Request) -> Response:
    """What a ticket stands for, once; else 404."""
    given = await fields(request, "ticket")
    found = await tickets.redeem(desk_of(request), given["ticket"])
    if found is None:
        raise ProblemError("not_found", "There is no such ticket.")
    return told(found)


@router.post("/internal/audit")
async def write_down(request: Request) -> Response:
    """204 once the row is durable: what it tells is done after it, never without it."""
    try:
        telling = msgspec.convert(await content(request), Telling)
        by = decode(telling.principal)
    except (msgspec.ValidationError, ValueError):
        raise ProblemError("validation_error", "This is no act to be told.") from None
    desk = desk_of(request)
    entry = Entry(
        actor=by.actor,
        action=telling.action,
        subject=telling.subject,
        outcome=telling.outcome,
        merchants=frozenset({telling.merchant} - {""}),
        reason=telling.reason,
    )
    async with desk.database.transaction() as connection:
        await tell(connection, entry, desk.clock.now_ms())
    return Response(status_code=204)


@router.post("/internal/acts")
async def write_down_acts(request: Request) -> Response:
    """204 once all of them are durable, each once, however often it is told. For services that keep acts until then."""
    try:
        acts = msgspec.convert(await content(request), Acts).acts
    except msgspec.ValidationError:
        raise ProblemError("validation_error", "These are no acts to be told.") from None
    async with desk_of(request).database.transaction() as connection:
        for act in acts:
            entry = Entry(
                actor=act.actor,
                action=act.action,
                subject=act.subject,
                merchants=frozenset({act.merchant_id}),
                act_id=act.id,
                detail=act.detail,
            )
            await tell(connection, entry, act.at)
    return Response(status_code=204)


@router.get("/livez")
async def livez() -> Response:
    """200 while the process answers."""
    return told({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 while the schema can be read, else 503."""

    async def schema() -> str | None:
        await desk_of(request).database.all("SELECT 1 FROM keys LIMIT 1")
        return None

    found = await health.run({"schema": schema})
    return told(found.payload(verbose="verbose" in request.query_params), 200 if found.ready else 503)

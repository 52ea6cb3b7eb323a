"""What only our own processes ask: to redeem a ticket, to write down a reveal or a refused act; and whether this process is well.

Owns these routes; they are no part of the public API. The inner door keeps everybody else out.
"""

from typing import Literal

import msgspec
from fastapi import APIRouter, Request, Response

from domain.access.principal import decode
from runtime import health
from runtime.http_problems import ProblemError
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

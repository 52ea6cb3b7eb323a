"""What only our own processes ask: whether an id is still being decided, and whether this process is well (OBS-07).

Owns these routes; they are no part of the public API and of no document.
"""

import msgspec
from fastapi import APIRouter, Request, Response

from runtime import health
from services.ingest.edge import edge_of
from services.ingest.payouts import canonical, not_found

router = APIRouter(include_in_schema=False)


@router.get("/internal/in-flight/{subject}")
async def in_flight(request: Request, subject: str) -> Response:
    """200 while this process has brought the id to the log and the views may not show it yet; else, or for another merchant, 404."""
    if not edge_of(request).in_flight.is_pending(canonical(subject), request.query_params.get("merchant_id")):
        raise not_found("undecided request")
    return Response(b'{"pending":true}', media_type="application/json")


@router.get("/livez")
async def livez() -> Response:
    """200 while the process answers."""
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 when commands can be taken: the log answers, decisions are followed, the views can be read; else 503."""
    found = await health.run(request.app.state.checks)
    body = msgspec.json.encode(found.payload(verbose="verbose" in request.query_params))
    return Response(body, 200 if found.ready else 503, media_type="application/json")

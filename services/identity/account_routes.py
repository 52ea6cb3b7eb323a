"""Keys, people, the audit trail and feed tickets over HTTP.

Owns these routes. What the caller may see or give is bounded by its own merchants: the gateway has checked the route, here the things are.
"""

from fastapi import APIRouter, Request, Response
from msgspec import UNSET, UnsetType

from domain.access import matrix
from domain.access.changes import read_end, read_person_change
from domain.access.matrix import Route
from domain.access.people import read_key_wish, read_person
from domain.intake.faults import Fault
from runtime.http_problems import ProblemError
from schemas.times import rfc3339
from services.identity import key_ring, persons, tickets, trail
from services.identity.asking import content, desk_of, principal_of, refused, told
from services.identity.documentation import documented

router = APIRouter(prefix="/api/v1", tags=["access"])


@router.get("/keys", **documented("list_keys"))
async def list_keys(request: Request) -> Response:
    """Keys newest first, without their secrets; those of the caller's merchants only."""
    found = await key_ring.listed(desk_of(request).database, _mine(request, "GET", "/keys"))
    return told({"count": len(found), "results": [key_ring.shown(key) for key in found]})


@router.post("/keys", **documented("create_key"))
async def create_key(request: Request) -> Response:
    """A new key, shown once. It can do no more than who makes it."""
    wish = read_key_wish(await content(request))
    if isinstance(wish, list):
        raise refused(wish)
    desk = desk_of(request)
    secret, made = await key_ring.make(desk.database, desk.clock, principal_of(request), wish)
    return told({**key_ring.shown(made), "key": secret}, 201)


@router.delete("/keys/{key_id}", **documented("revoke_key"))
async def revoke_key(request: Request, key_id: str) -> Response:
    """The key ends, on REST and on open feeds within 5 s; the audit trail keeps why. A repeat is no error and changes nothing."""
    reason = read_end(await content(request, empty={}))
    if isinstance(reason, list):
        raise refused(reason)
    desk, mine = desk_of(request), _mine(request, "DELETE", "/keys/x")
    if not await key_ring.revoke(desk.database, desk.clock, principal_of(request), mine, key_id.lower(), reason):
        raise ProblemError("not_found", "There is no such key.")
    return Response(status_code=204)


@router.get("/users", **documented("list_users"))
async def list_users(request: Request) -> Response:
    """People with their roles; those of the caller's merchants only."""
    found = await persons.listed(desk_of(request).database, _mine(request, "GET", "/users"))
    return told({"count": len(found), "results": [persons.shown(person) for person in found]})


@router.post("/users", **documented("create_user"))
async def create_user(request: Request) -> Response:
    """A new person, with rights that the caller has too."""
    person = read_person(await content(request))
    if isinstance(person, list):
        raise refused(person)
    desk = desk_of(request)
    hashed = await desk.passwords.hashed(person.password) if person.password else None
    made = await persons.make(desk.database, desk.clock, principal_of(request), person, hashed)
    return told(persons.shown(made), 201)


@router.patch("/users/{user_id}", **documented("change_user"))
async def change_user(request: Request, user_id: str) -> Response:
    """Name, roles, password, or whether the person may sign in at all, and why; its sign-ins end, except for a new name."""
    wish = read_person_change(await content(request))
    if isinstance(wish, list):
        raise refused(wish)
    desk = desk_of(request)
    hashed = UNSET if isinstance(wish.password, UnsetType) else await desk.passwords.hashed(wish.password)
    wanted = persons.Change(name=wish.name, active=wish.active, grants=wish.grants, password_hash=hashed)
    by, mine = principal_of(request), _mine(request, "PATCH", "/users/x")
    changed = await persons.alter(desk.database, desk.clock, by, mine, user_id.lower(), wanted, wish.reason)
    if changed is None:
        raise ProblemError("not_found", "There is no such person.")
    return told(persons.shown(changed))


@router.get("/audit", **documented("read_audit"))
async def read_audit(request: Request) -> Response:
    """Newest first, by `cursor` and `limit` (50, at most 200); rows of the caller's merchants only."""
    query = request.query_params
    if faults := [
        Fault(pointer=f"query/{name[:64]}", detail="is not known here") for name in query if name not in {"cursor", "limit"}
    ]:
        raise refused(faults)
    limit = _number(query.get("limit"), "limit", trail.PAGE_MAX) or 50
    before = _number(query.get("cursor"), "cursor", 2**63 - 1)
    found = await trail.read(desk_of(request).database, _mine(request, "GET", "/audit"), before, limit)
    page = found[:limit]
    cursor = str(page[-1]["id"]) if len(found) > limit else None
    return told({"results": [trail.shown(entry) for entry in page], "next_cursor": cursor})


@router.post("/feed/tickets", **documented("create_ticket"))
async def create_ticket(request: Request) -> Response:
    """A ticket for one connection to the feed (`feed/?ticket=...`), for what cannot set a header; good once, for 60 s."""
    merchant = request.headers.get("x-merchant-id")
    ticket, expires = await tickets.make(desk_of(request), principal_of(request), merchant)
    return told({"ticket": ticket, "expires_at": rfc3339(expires), "merchant_id": merchant}, 201)


def _mine(request: Request, method: str, path: str) -> frozenset[str]:
    """The merchants for which the caller may use this route."""
    found = matrix.find(method, matrix.V1 + path)
    assert found is not None, "the matrix has this route"
    route: Route = found.route
    return principal_of(request).merchants_for(route)


def _number(text: str | None, name: str, most: int) -> int | None:
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= most):
        raise refused([Fault(pointer=f"query/{name}", detail=f"must be a number from 1 to {most}")])
    return int(text)

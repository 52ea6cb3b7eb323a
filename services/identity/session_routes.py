"""Sign-in and sign-out, by password or OpenID Connect (SEC-03).

Owns these routes and the cookies: `__Host-`, Secure, SameSite=Lax, the session HttpOnly; the other one holds what a page sends back as
X-CSRF-Token. Must not know how tries are counted.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from domain.access.keys import stored
from domain.access.people import password_fault, read_email
from runtime.http_problems import ProblemError
from schemas.times import rfc3339
from services.identity import persons, sign_in
from services.identity.asking import Desk, desk_of, fields, principal_of, refused, told
from services.identity.database import change, row
from services.identity.documentation import documented
from services.identity.oidc import Provider, failed
from services.identity.sign_in import SignedIn
from services.identity.trail import REFUSED, Entry, drawn, tell

SESSION_COOKIE, CSRF_COOKIE, STATE_COOKIE = "__Host-payflow_session", "__Host-payflow_csrf", "__Host-payflow_oidc"
STATE_SECONDS = 600

router = APIRouter(prefix="/api/v1/sessions", tags=["sign-in"])


@router.post("", **documented("sign_in"))
async def sign_in_by_password(request: Request) -> Response:
    """A new session in two cookies. Five wrong tries lock the address for 15 minutes."""
    desk = desk_of(request)
    given = await fields(request, "email", "password")
    email = read_email(given["email"]) or "nobody"
    signed_in = await sign_in.by_password(desk, email, given["password"][:1024], request.cookies.get(SESSION_COOKIE))
    body = {"name": signed_in.user["name"], "expires_at": rfc3339(signed_in.expires_at), "csrf_token": signed_in.csrf}
    answer = told(body, 201)
    _give_cookies(answer, desk, signed_in)
    return answer


@router.get("/current", **documented("who_am_i"))
async def who_am_i(request: Request) -> Response:
    """The credential that asks: its kind, its name and what it may do."""
    by = principal_of(request)
    grants = [{"role": g.role, "scopes": sorted(g.scopes), "merchants": sorted(g.merchants)} for g in by.grants]
    return told({"kind": by.kind, "id": by.id, "name": by.name, "grants": grants})


@router.delete("/current", **documented("sign_out"))
async def sign_out(request: Request) -> Response:
    """The session ends, on REST and on open feeds."""
    by = principal_of(request)
    await sign_in.sign_out(desk_of(request), by.actor, _session_of(request))
    answer = Response(status_code=204)
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        answer.delete_cookie(name, path="/", secure=True, samesite="lax")
    return answer


@router.post("/current/password", **documented("change_password"))
async def change_password(request: Request) -> Response:
    """A new password, against the old one; all other sign-ins of this person end. A wrong old one counts as a wrong try to sign in."""
    desk, by, session_id = desk_of(request), principal_of(request), _session_of(request)
    given = await fields(request, "old_password", "new_password")
    if (fault := password_fault(given["new_password"], "/new_password")) is not None:
        raise refused([fault])
    found = await desk.database.all("SELECT email, password_hash FROM users WHERE id = %s AND active", [by.id])
    email, password_hash = (found[0]["email"], found[0]["password_hash"]) if found else ("nobody", None)
    last = await sign_in.count_try(desk, email, desk.clock.now_ms())
    async with sign_in.looking(desk, email, last=last):
        right = await desk.passwords.is_right(password_hash, given["old_password"][:1024])
        hashed, now = (await desk.passwords.hashed(given["new_password"])) if right else "", desk.clock.now_ms()
    async with desk.database.transaction() as connection:
        entry = Entry(actor=by.actor, action="password.changed", subject=by.actor, outcome="done" if right else REFUSED)
        await tell(connection, entry, now)
        if right:
            await change(connection, "UPDATE users SET password_hash = %s WHERE id = %s", [hashed, by.id])
            await persons.end_sessions(connection, by.id, now, but=session_id)
            await sign_in.forgive(connection, email)
        elif last:
            await sign_in.tell_locked(connection, now, by.actor)
    if not right:
        raise ProblemError("forbidden", "The old password is wrong.")
    return Response(status_code=204)


@router.get("/oidc", **documented("start_oidc"))
async def start_oidc(request: Request) -> Response:
    """To the OpenID Connect provider, if one is set up; `return_to` is a path of ours to come back to."""
    desk, provider = desk_of(request), _provider(desk_of(request))
    state, nonce, verifier, now = drawn(), drawn(), drawn(), desk.clock.now_ms()
    address = await provider.address(state, nonce, verifier)
    async with desk.database.transaction() as connection:
        await change(connection, "DELETE FROM oidc_states WHERE expires_at < %s", [now])
        query = "INSERT INTO oidc_states (state_hash, nonce, verifier, return_to, expires_at) VALUES (%s, %s, %s, %s, %s)"
        back = _local(request.query_params.get("return_to", "/"))
        await change(connection, query, [stored(state), nonce, verifier, back, now + STATE_SECONDS * 1000])
    answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    answer.set_cookie(STATE_COOKIE, state, STATE_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/oidc/callback", **documented("finish_oidc"))
async def finish_oidc(request: Request) -> Response:
    """Back from the provider: a new session for the person that it vouches for."""
    desk, provider = desk_of(request), _provider(desk_of(request))
    state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
    async with desk.database.transaction() as connection:  # a state is good once, whatever comes of it
        query = "DELETE FROM oidc_states WHERE state_hash = %s AND expires_at >= %s RETURNING nonce, verifier, return_to"
        begun = await row(connection, query, [stored(state), desk.clock.now_ms()])
    if begun is None or not code or request.cookies.get(STATE_COOKIE) != state:
        raise failed()
    claimed = await provider.claimed(code, begun["verifier"], begun["nonce"])
    signed_in = await sign_in.by_provider(desk, claimed, request.cookies.get(SESSION_COOKIE))
    answer = RedirectResponse(begun["return_to"], 303, {"Cache-Control": "no-store"})
    answer.delete_cookie(STATE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    _give_cookies(answer, desk, signed_in)
    return answer


def _give_cookies(answer: Response, desk: Desk, signed_in: SignedIn) -> None:
    seconds = max((signed_in.expires_at - desk.clock.now_ms()) // 1000, 1)
    answer.set_cookie(SESSION_COOKIE, signed_in.token, seconds, path="/", secure=True, httponly=True, samesite="lax")
    answer.set_cookie(CSRF_COOKIE, signed_in.csrf, seconds, path="/", secure=True, httponly=False, samesite="lax")


def _session_of(request: Request) -> str:
    session_id = principal_of(request).session_id
    if session_id is None:
        raise ProblemError("forbidden", "This is for people who have signed in; a key is revoked by DELETE keys/{id}/.")
    return session_id


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise ProblemError("not_found", "No OpenID Connect provider is set up here (OIDC_ISSUER).")
    return desk.provider


def _local(path: str) -> str:
    """A path of this site, never another one's: anything else is the start page."""
    plain = path.isprintable() and path.isascii() and "\\" not in path and len(path) <= 512
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"

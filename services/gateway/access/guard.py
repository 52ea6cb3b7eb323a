"""The guard of the front door: credential, matrix, merchant, page, rate; in that order (SEC-01 to SEC-05, SEC-11).

Owns that no request reaches a route, or another service, without a checked principal and merchant: the header X-Merchant-Id that goes on is
the one that was chosen here. Must not know any route; what each needs stands in `domain.access.matrix`.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.access import matrix
from domain.access.keys import stored
from domain.access.matrix import INTERNAL, PUBLIC, SOCKET, Route
from domain.access.principal import OPEN, Principal, Refused, admit
from runtime.http_problems import ProblemError, problem_response
from runtime.inner_door import without_inner
from services.gateway.access import credentials
from services.gateway.access.asked import (
    NOTHING_HERE,
    PRINCIPAL,
    check_once,
    check_size,
    named_merchants,
    no_route,
    note,
    telling,
)
from services.gateway.access.counting import Counter
from services.gateway.access.credentials import Credential, Ticket, unauthorized
from services.gateway.access.directory import Directory, Known
from services.gateway.access.entry import ENTRY, Entry, Held
from services.gateway.access.line_watch import Watched
from services.gateway.access.redeeming import Redeem
from services.gateway.access.sight import WHOLE
from services.gateway.access.tally import Tally, address_of, stranger_at
from services.gateway.access.upheld import Upheld

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODY = Principal(kind="anybody", id="none")
FEED = frozenset({"/api/v1/feed", credentials.STREAM})


@dataclass(frozen=True)
class Checks:
    """What the guard asks. `counter` None: nobody is counted. `origins`: pages besides our own that may write with a sign-in's cookie."""

    directory: Directory
    redeem: Redeem
    counter: Counter | None
    origins: frozenset[str]


@dataclass(frozen=True)
class Passed:
    """A request that may go on: who, by which route, for which merchant, with which further headers on the answer."""

    principal: Principal
    route: Route | None = None
    merchant: str | None = None
    headers: Mapping[str, str] | None = None
    credential: Credential | None = None


class Guard:
    """ASGI middleware. `checks` None is open mode: anybody may do everything."""

    def __init__(self, app: ASGIApp, checks: Checks | None, *, development: bool = False) -> None:
        """Wraps `app`. The development routes are known in `development` only."""
        self._app, self._checks, self._development = app, checks, development
        self._tally = Tally(checks.counter if checks is not None else None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope["headers"] = without_inner(scope["headers"])
        asked = HTTPConnection(scope)
        try:
            passed = await self._check(asked)
        except ProblemError as refused:
            note(asked, refused)
            await problem_response(asked, refused)(scope, receive, send)
            return
        await self._pass(passed, scope, receive, send)

    async def _pass(self, passed: Passed, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[PRINCIPAL] = passed.principal
        if passed.merchant is not None:
            kept = [(name, value) for name, value in scope["headers"] if name != b"x-merchant-id"]
            scope["headers"] = [*kept, (b"x-merchant-id", passed.merchant.encode())]
        seen = WHOLE.set(passed.principal.sees_whole(passed.merchant))
        try:
            if self._checks is not None and passed.route is not None and passed.route.path in FEED:
                await self._pass_line(passed, passed.route, scope, receive, send)
            elif passed.credential is not None and passed.route is not None and scope["method"] not in SAFE:
                held = Held(passed.principal, passed.merchant, passed.credential)
                await self._pass_body(passed.route, held, scope, receive, telling(send, passed.headers))
            else:
                await self._app(scope, receive, telling(send, passed.headers))
        finally:
            WHOLE.reset(seen)

    async def _pass_body(self, route: Route, held: Held, scope: Scope, receive: Receive, send: Send) -> None:
        """A body may take minutes: it is carried out only for a credential that stands until it is whole (SEC-02)."""

        async def still() -> bool:
            return await self._again(route, held) is not None

        upheld = Upheld(receive, send, still)
        await self._app(scope, upheld.receive, upheld.send)
        if upheld.owes_refusal:
            asked = HTTPConnection(scope)
            refused = unauthorized("The credential has ended while the body came in; nothing was taken.")
            note(asked, refused)
            await problem_response(asked, refused)(scope, receive, send)

    async def _pass_line(self, passed: Passed, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """A line of the feed stays open: it is given who holds it, and closed once that one's right has ended."""
        asked = HTTPConnection(scope)
        held = Held(passed.principal, passed.merchant, passed.credential) if passed.credential is not None else None

        async def let_in(credential: Credential | Ticket, merchant: str | None) -> Held:
            return await self._let_in(asked, route, credential, merchant)

        async def again(held: Held) -> Principal | None:
            return await self._again(route, held)

        entry = scope["state"][ENTRY] = Entry(asked, let_in, again, held)
        if scope["type"] == "websocket":
            await Watched(self._app, entry.still).run(scope, receive, send)
        else:
            await self._app(scope, receive, telling(send, passed.headers))

    async def _check(self, asked: HTTPConnection) -> Passed:
        if self._checks is None:
            check_size(asked)
            check_once(asked)
            return Passed(OPEN)
        method = SOCKET if asked.scope["type"] == "websocket" else asked.scope["method"]
        found = matrix.find(method, asked.scope["path"])
        with self._tally.refusals(stranger_at(asked)):
            check_size(asked)
            check_once(asked)
            if found is not None and found.route.access == PUBLIC:
                return self._public(asked, found.route)
            sent = credentials.read(asked)
            if sent is None and method == SOCKET and found is not None:  # signs in by its first message (LIV-04)
                return Passed(NOBODY, found.route, headers=self._tally.count(address_of(asked)))
            merchant, credential, known = await self._who(asked, sent)
        asked.scope.setdefault("state", {})[PRINCIPAL] = known.principal
        with self._tally.refusals(known.principal.actor):
            if asked.scope["path"].startswith(matrix.DEVELOPMENT) and not self._development:
                raise ProblemError("not_found", NOTHING_HERE)
            if found is None or found.route.access == INTERNAL:
                raise no_route(asked.scope["path"])
            self._check_page(asked, method, known)
            named = named_merchants(asked) | ({merchant} if merchant is not None else frozenset())
            return self._admitted(found.route, credential, known, named, found.named.get("merchant_id"))

    def _admitted(
        self, route: Route, credential: Credential, known: Known, named: frozenset[str], in_path: str | None
    ) -> Passed:
        admitted = admit(known.principal, route, named=named, in_path=in_path)
        if isinstance(admitted, Refused):
            raise ProblemError(admitted.code, admitted.detail)
        told = self._tally.count(known.principal.actor, admitted.merchant)
        return Passed(known.principal, route, admitted.merchant, told, credential)

    async def _let_in(self, asked: HTTPConnection, route: Route, sent: Credential | Ticket, merchant: str | None) -> Held:
        """A sign-in on an open line."""
        with self._tally.refusals(stranger_at(asked)):
            bound_to, credential, known = await self._who(asked, sent)
        named = named_merchants(asked) | ({one for one in (merchant, bound_to) if one})
        with self._tally.refusals(known.principal.actor):
            passed = self._admitted(route, credential, known, named, None)
        return Held(passed.principal, passed.merchant, credential)

    async def _who(self, asked: HTTPConnection, sent: Credential | Ticket | None) -> tuple[str | None, Credential, Known]:
        """The merchant that a ticket is bound to, the credential, and who it is. Raises ProblemError 401."""
        assert self._checks is not None
        if sent is None:
            raise unauthorized("A credential is required: an API key (Authorization: Bearer pk_live_...) or a sign-in.")
        if isinstance(sent, Credential) and self._checks.directory.holds(sent):
            return None, sent, await self._known(sent)
        with self._tally.trying(asked):
            credential, merchant = await self._checks.redeem(sent) if isinstance(sent, Ticket) else (sent, None)
            return merchant, credential, await self._known(credential)

    async def _known(self, credential: Credential) -> Known:
        assert self._checks is not None
        known = await self._checks.directory.known(credential)
        if known is None:
            raise unauthorized("The credential is not known, has ended or has expired.")
        return known

    def _public(self, asked: HTTPConnection, route: Route) -> Passed:
        """Health passes; a sign-in is counted by where it comes from, and not taken from a foreign page."""
        if asked.scope["path"] in {"/health", "/healthz", "/livez", "/readyz"}:
            return Passed(NOBODY, route)
        if asked.scope["method"] not in SAFE and not self._is_own_page(asked):
            raise ProblemError(
                "csrf_failed", "A page of another origin may not sign anybody in; list it in ALLOWED_ORIGINS."
            )
        return Passed(NOBODY, route, headers=self._tally.count(address_of(asked)))

    def _check_page(self, asked: HTTPConnection, method: str, known: Known) -> None:
        """What a browser sends by itself (a cookie) changes nothing without what only our page knows. Raises ProblemError 403."""
        if known.csrf_hash is None or method in SAFE or method == SOCKET:
            return
        sent = asked.headers.getlist(credentials.CSRF_HEADER)
        right = len(sent) == 1 and hmac.compare_digest(stored(sent[0][: credentials.SECRET_MAX]), known.csrf_hash)
        if not right or not self._is_own_page(asked):
            raise ProblemError("csrf_failed", "Send the sign-in's csrf_token as X-CSRF-Token, from a page of this address.")

    def _is_own_page(self, asked: HTTPConnection) -> bool:
        assert self._checks is not None
        host = asked.headers.get("host", "").lower()
        own = self._checks.origins | {f"http://{host}", f"https://{host}"}
        return all(origin.lower() in own for origin in asked.headers.getlist("origin"))

    async def _again(self, route: Route, held: Held) -> Principal | None:
        """Who holds an open line, if the credential still has its right. Raises ProblemError while the database is away."""
        assert self._checks is not None
        known = await self._checks.directory.known(held.credential)
        if known is None:
            return None
        named = frozenset({held.merchant}) if held.merchant is not None else frozenset()
        again = admit(known.principal, route, named=named, in_path=None)
        return None if isinstance(again, Refused) or again.merchant != held.merchant else known.principal

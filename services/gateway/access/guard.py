"""The guard of the front door: credential, matrix, merchant, page, rate; in that order (SEC-01 to SEC-05, SEC-11).

Owns that no request reaches a route, or another service, without a checked principal and merchant: the header X-Merchant-Id that goes on is
the one that was chosen here. Must not know any route; what each needs stands in `domain.access.matrix`.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.access import bucket, matrix
from domain.access.keys import stored
from domain.access.matrix import INTERNAL, PUBLIC, SOCKET, Route
from domain.access.principal import OPEN, Principal, Refused, admit
from runtime.http_problems import ProblemError, problem_response
from runtime.inner_door import without_inner
from services.gateway.access import credentials
from services.gateway.access.asked import PRINCIPAL, check_size, named_merchants, no_route, note, telling
from services.gateway.access.counting import Counter
from services.gateway.access.credentials import Credential, Ticket, unauthorized
from services.gateway.access.directory import Directory, Known
from services.gateway.access.line_watch import Watched
from services.gateway.access.redeeming import Redeem
from services.gateway.access.sight import WHOLE

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


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

    def __init__(self, app: ASGIApp, checks: Checks | None) -> None:
        """Wraps `app`."""
        self._app, self._checks = app, checks

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
            if scope["type"] == "websocket" and self._checks is not None:
                await Watched(self._app, lambda: self._still(passed)).run(scope, receive, send)
            else:
                await self._app(scope, receive, telling(send, passed.headers))
        finally:
            WHOLE.reset(seen)

    async def _check(self, asked: HTTPConnection) -> Passed:
        check_size(asked)
        if self._checks is None:
            return Passed(OPEN)
        method = SOCKET if asked.scope["type"] == "websocket" else asked.scope["method"]
        found = matrix.find(method, asked.scope["path"])
        if found is not None and found.route.access == PUBLIC:
            return self._public(asked, found.route)
        merchant, credential, known = await self._who(asked, self._checks)
        asked.scope.setdefault("state", {})[PRINCIPAL] = known.principal
        if found is None or found.route.access == INTERNAL:
            raise no_route(asked.scope["path"])
        self._check_page(asked, method, known)
        named = named_merchants(asked) | ({merchant} if merchant is not None else frozenset())
        admitted = admit(known.principal, found.route, named=named, in_path=found.named.get("merchant_id"))
        if isinstance(admitted, Refused):
            raise ProblemError(admitted.code, admitted.detail)
        told = self._count(known.principal.actor, admitted.merchant)
        return Passed(known.principal, found.route, admitted.merchant, told, credential)

    async def _who(self, asked: HTTPConnection, checks: Checks) -> tuple[str | None, Credential, Known]:
        """The merchant that a ticket is bound to, the credential, and who it is. Raises ProblemError 401."""
        credential, merchant = credentials.read(asked), None
        if credential is None:
            raise unauthorized("A credential is required: an API key (Authorization: Bearer pk_live_...) or a sign-in.")
        if isinstance(credential, Ticket):
            credential, merchant = await checks.redeem(credential)
        known = await checks.directory.known(credential)
        if known is None:
            raise unauthorized("The credential is not known, has ended or has expired.")
        return merchant, credential, known

    def _public(self, asked: HTTPConnection, route: Route) -> Passed:
        """Health passes; a sign-in is counted by where it comes from, and not taken from a foreign page."""
        nobody = Principal(kind="anybody", id="none")
        if asked.scope["path"] in {"/health", "/healthz", "/livez", "/readyz"}:
            return Passed(nobody, route)
        if asked.scope["method"] not in SAFE and not self._is_own_page(asked):
            raise ProblemError(
                "csrf_failed", "A page of another origin may not sign anybody in; list it in ALLOWED_ORIGINS."
            )
        client = asked.client.host if asked.client else "unknown"
        return Passed(nobody, route, headers=self._count(f"address:{client}", None))

    def _check_page(self, asked: HTTPConnection, method: str, known: Known) -> None:
        """What a browser sends by itself (a cookie) changes nothing without what only our page knows. Raises ProblemError 403."""
        if known.csrf_hash is None or method in SAFE or method == SOCKET or asked.query_params.get(credentials.TICKET):
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

    def _count(self, who: str, merchant: str | None) -> dict[str, str]:
        assert self._checks is not None
        counter = self._checks.counter
        if counter is None:
            return {}
        taking = counter.take(who, merchant)
        told = bucket.headers(counter.limit, taking.bucket)
        if taking.wait is not None:
            detail = (
                f"At most {counter.limit.rate:g} requests a second, {counter.limit.burst} at once; wait {taking.wait} s."
            )
            raise ProblemError("rate_limited", detail, headers={**told, "Retry-After": str(taking.wait)})
        return told

    async def _still(self, passed: Passed) -> bool:
        """Whether an open connection's credential still has its right; True while the database is away: nothing moves then either."""
        assert self._checks is not None
        assert passed.credential is not None
        assert passed.route is not None
        try:
            known = await self._checks.directory.known(passed.credential)
        except ProblemError:
            return True
        if known is None:
            return False
        named = frozenset({passed.merchant}) if passed.merchant is not None else frozenset()
        again = admit(known.principal, passed.route, named=named, in_path=None)
        return not isinstance(again, Refused) and again.merchant == passed.merchant

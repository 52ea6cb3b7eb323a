"""The credential of a request: a key, a sign-in, or a ticket for the feed (SEC-01, SEC-12).

Owns where each stands and that a request has at most one answer to who asks. Nothing here is ever logged. Must not know whether a
credential is good.
"""

from typing import NamedTuple

from starlette.requests import HTTPConnection

from domain.access.keys import is_key, stored
from runtime.http_problems import ProblemError

SESSION_COOKIE = "__Host-payflow_session"
CSRF_HEADER = "x-csrf-token"
TICKET = "ticket"
STREAM = "/api/v1/feed/sse"
SECRET_MAX = 128


class Credential(NamedTuple):
    """What is looked up. `kind` is key, session (by the hash of its secret), or key_id, session_id (by id, behind a ticket)."""

    kind: str
    value: bytes | str


class Ticket(NamedTuple):
    """A ticket for the feed, which is to be redeemed."""

    text: str


def read(asked: HTTPConnection) -> Credential | Ticket | None:
    """The credential; None for none. Raises ProblemError 401 for two, and for what has no form of ours."""
    named = asked.headers.getlist("authorization")
    if named:
        return _key(named)
    is_feed = asked.scope["type"] == "websocket" or asked.scope["path"] == STREAM
    ticket = asked.query_params.getlist(TICKET) if is_feed else []
    if ticket:
        if len(ticket) > 1 or len(ticket[0]) > SECRET_MAX:
            raise unauthorized("The ticket is not usable; get a new one from feed/tickets/.")
        return Ticket(ticket[0])
    session = asked.cookies.get(SESSION_COOKIE)
    return Credential("session", stored(session[:SECRET_MAX])) if session else None


def _key(named: list[str]) -> Credential:
    scheme, _, key = named[0].partition(" ")
    if len(named) > 1 or scheme.lower() != "bearer" or not is_key(key.strip()):
        raise unauthorized("The credential is not usable: send one header, Authorization: Bearer pk_live_...")
    return Credential("key", stored(key.strip()))


def unauthorized(detail: str) -> ProblemError:
    """401, the same for a credential that is unknown, ended or expired."""
    return ProblemError("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="payflow"'})

"""Redeeming a ticket for the feed at the identity service, which knows which are used (SEC-12).

Owns the question. Must not look at what the ticket is for.
"""

from collections.abc import Awaitable, Callable

import orjson

from runtime.http_problems import ProblemError
from services.gateway.access.credentials import Credential, Ticket, unauthorized
from services.gateway.proxy import Proxy

Redeem = Callable[[Ticket], Awaitable[tuple[Credential, str | None]]]
"""The credential behind a ticket and the merchant that it is bound to. Raises ProblemError 401 for one that is used, old or unknown."""


def redeeming(identity: Proxy) -> Redeem:
    """Asks the identity service."""

    async def redeem(ticket: Ticket) -> tuple[Credential, str | None]:
        status, body = await identity.post("/internal/tickets/redeem", {"ticket": ticket.text})
        if status == 404:
            raise unauthorized("The ticket is used, too old or unknown; get a new one from feed/tickets/.")
        if status != 200:
            raise ProblemError("identity_unavailable", "The ticket cannot be checked now; try again soon.")
        found = orjson.loads(body)
        kind = {"key": "key_id", "person": "session_id"}.get(found["kind"])
        if kind is None or found["holder_id"] is None:
            raise unauthorized("The ticket is not usable here.")
        return Credential(kind, found["holder_id"]), found["merchant_id"]

    return redeem

"""Who holds an open line of the feed: known at the handshake, or by a sign-in inside it (LIV-04, SEC-02, SEC-12).

Owns that the right is looked up anew, for each message and every second: a role that is taken away counts on an open line too. Must not
know what the line is about.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.requests import HTTPConnection

from domain.access.keys import is_key, stored
from domain.access.principal import OPEN, Principal
from runtime.http_problems import ProblemError
from schemas.ids import is_merchant_id
from services.gateway.access.asked import note
from services.gateway.access.credentials import SECRET_MAX, Credential, Ticket, unauthorized
from services.gateway.access.sight import WHOLE

ENTRY = "payflow_entry"


class Held(NamedTuple):
    """A right as it was last looked up."""

    principal: Principal
    merchant: str | None
    credential: Credential


LetIn = Callable[[Credential | Ticket, str | None], Awaitable[Held]]
"""Looks a credential up and admits it to the feed, for a merchant that is named or not. Raises ProblemError."""
Again = Callable[[Held], Awaitable[Principal | None]]
"""The principal as it is now; None if its right has ended. Raises ProblemError while nobody can say."""


class Entry:
    """One line's holder."""

    def __init__(self, asked: HTTPConnection, let_in: LetIn, again: Again, held: Held | None) -> None:
        """`held` None: nobody has signed in yet."""
        self._asked, self._let_in, self._again = asked, let_in, again
        self._held = held
        self.on_change: Callable[[Principal], None] | None = None
        """Called when the holder may do something else than before."""

    @property
    def is_signed_in(self) -> bool:
        """Whether it is known who holds the line."""
        return self._held is not None

    @property
    def merchant(self) -> str | None:
        """The one merchant that the line is for; None for all that its holder has."""
        return self._held.merchant if self._held is not None else None

    async def sign_in(self, message: dict[str, Any]) -> None:
        """By a `ticket` or a `key`, for a `merchant_id` or none. Raises ProblemError; each denial is logged once."""
        try:
            self._held = await self._let_in(_credential(message), _merchant(message))
        except ProblemError as refused:
            note(self._asked, refused)
            raise
        WHOLE.set(self._held.principal.sees_whole(self._held.merchant))

    async def principal(self) -> Principal:
        """Who holds the line, looked up anew. Raises ProblemError 401 if nobody does any more, 503 if nobody can say."""
        if self._held is None:
            raise unauthorized("Sign in first: send sign_in with a ticket or a key.")
        found = await self._again(self._held)
        if found is None:
            raise unauthorized("The credential has ended: sign in, or use another key.")
        return found

    async def still(self) -> bool:
        """Whether the right has not ended; True while the database is away: nothing moves then either."""
        held = self._held
        if held is None:
            return True
        try:
            found = await self._again(held)
        except ProblemError:
            return True
        if found is not None and found.grants != held.principal.grants:
            self._held = held._replace(principal=found)
            if self.on_change:
                self.on_change(found)
        return found is not None


class OpenEntry(Entry):
    """Of open mode: anybody, for the merchant that is named."""

    def __init__(self, merchant: str | None) -> None:
        """Nobody is asked."""
        self.on_change = None
        self._merchant = merchant

    @property
    def is_signed_in(self) -> bool:
        """Always."""
        return True

    @property
    def merchant(self) -> str | None:
        """As named."""
        return self._merchant

    async def sign_in(self, message: dict[str, Any]) -> None:
        """A merchant may be named; a credential is not looked at."""
        self._merchant = _merchant(message) or self._merchant

    async def principal(self) -> Principal:
        """Anybody."""
        return OPEN

    async def still(self) -> bool:
        """For ever."""
        return True


def entry_of(asked: HTTPConnection, merchant: str | None) -> Entry:
    """The entry that the guard gave; in open mode that of anybody, for `merchant`."""
    found = asked.scope.get("state", {}).get(ENTRY)
    return found if isinstance(found, Entry) else OpenEntry(merchant)


def _credential(message: dict[str, Any]) -> Credential | Ticket:
    match message:
        case {"ticket": str(text)} if 0 < len(text) <= SECRET_MAX and "key" not in message:
            return Ticket(text)
        case {"key": str(text)} if is_key(text) and "ticket" not in message:
            return Credential("key", stored(text))
    raise unauthorized("Send sign_in with a ticket from feed/tickets/ or with a key.")


def _merchant(message: dict[str, Any]) -> str | None:
    named = message.get("merchant_id")
    if named is not None and not (isinstance(named, str) and is_merchant_id(named)):
        fault = {"pointer": "/merchant_id", "code": "validation_error", "detail": "must be a merchant id"}
        raise ProblemError("validation_error", "/merchant_id must be a merchant id.", errors=[fault])
    return named

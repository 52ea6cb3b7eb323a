"""What every provider can do for us, and what its words can mean (RAI-01, RAI-04).

Owns the contract. Must not know any one provider.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from domain.book import BankAccount
from domain.payout.state import Payout
from schemas.words import Outcome

Account = BankAccount | None
"""The saved account a payout names, if it names one."""


class Request(NamedTuple):
    """One payout to send, or to ask about, under its attempt's reference."""

    payout: Payout
    reference: str
    account: Account


class Verdict(Struct, frozen=True, kw_only=True, gc=False):
    """What a call told us. `sent` is False when the request surely never left: the same reference may be sent again soon.

    `found` is False when an inquiry met a reference that the provider does not know.
    """

    outcome: Outcome
    retryable: bool = False
    code: str | None = None
    reason: str | None = None
    provider_reference: str | None = None
    sent: bool = True
    found: bool = True


class Provider(Protocol):
    """One provider. Calls are bounded in time (RAI-05) and never raise: trouble is a verdict.

    `bulk_max` is how many payouts one bulk call takes; 0 or 1: it has none. A bulk call gives as many verdicts as it was given requests, in
    their order; a payout that the reply says nothing usable about is unknown, and says nothing about the others.
    """

    name: str
    bulk_max: int

    async def send(self, payout: Payout, reference: str, account: Account) -> Verdict:
        """Ask it to pay under this reference; the same reference again must not pay twice."""

    async def inquire(self, payout: Payout, reference: str) -> Verdict:
        """Ask how a reference stands."""

    async def send_many(self, requests: Sequence[Request]) -> list[Verdict]:
        """Ask it to pay each under its reference, by one call."""

    async def inquire_many(self, requests: Sequence[Request]) -> list[Verdict]:
        """Ask how each stands, by one call."""

    async def close(self) -> None:
        """Let go of connections."""


def unknown(code: str, reason: str) -> Verdict:
    """Nobody can say whether it was paid."""
    return Verdict(outcome=Outcome.UNKNOWN, code=code, reason=reason)


def not_sent(reason: str) -> Verdict:
    """The request surely never reached the provider."""
    return Verdict(outcome=Outcome.UNKNOWN, code="provider_unreachable", reason=reason, sent=False)

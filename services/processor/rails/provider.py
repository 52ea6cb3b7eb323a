"""What every provider can do for us, and what its words can mean (RAI-01, RAI-04).

Owns the contract. Must not know any one provider.
"""

from typing import Protocol

from msgspec import Struct

from domain.book import BankAccount
from domain.payout.state import Payout
from schemas.words import Outcome

Account = BankAccount | None
"""The saved account a payout names, if it names one."""


class Verdict(Struct, frozen=True, kw_only=True):
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
    """One provider. Calls are bounded in time (RAI-05) and never raise: trouble is a verdict."""

    name: str

    async def send(self, payout: Payout, reference: str, account: Account) -> Verdict:
        """Ask it to pay under this reference; the same reference again must not pay twice."""

    async def inquire(self, payout: Payout, reference: str) -> Verdict:
        """Ask how a reference stands."""

    async def close(self) -> None:
        """Let go of connections."""


def unknown(code: str, reason: str) -> Verdict:
    """Nobody can say whether it was paid."""
    return Verdict(outcome=Outcome.UNKNOWN, code=code, reason=reason)


def not_sent(reason: str) -> Verdict:
    """The request surely never reached the provider."""
    return Verdict(outcome=Outcome.UNKNOWN, code="provider_unreachable", reason=reason, sent=False)

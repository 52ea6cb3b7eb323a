"""How a saved account is being verified: two small deposits of the house's, and the amounts that its holder reads back (API-28).

Owns the shape, the same on the log, in memory and in the views. The amounts are a secret between the house and the account's statement: no
answer shows them. Must not decide.
"""

from msgspec import Struct

from schemas.words import DepositStatus, VerificationStatus

DEPOSITS = 2
DEPOSIT_MAX_MINOR = 99
"""A deposit is 1 to so many minor units."""
TRIES_MAX = 3
"""So many wrong tries an account has, over all its verifications."""


class Deposit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deposit, sent under its lasting `reference`; minor units of the verification's currency."""

    reference: str
    amount_minor: int
    status: DepositStatus = DepositStatus.SENT
    provider_reference: str | None = None
    code: str | None = None


class Verification(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest verification of an account. `tries` counts wrong ones, also those of earlier verifications; `started_at` in ms UTC."""

    id: str
    currency: str
    deposits: list[Deposit]
    started_at: int
    status: VerificationStatus = VerificationStatus.SENDING
    tries: int = 0

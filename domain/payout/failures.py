"""What a failure means for people: who must act, whether money moved, what the payee is told (LIF-19).

Owns the one reviewed list. Whether money moved, and so whether paying again is safe, follows from the state alone: a code never outweighs
it. Must not know a provider's own codes; rails translate those.
"""

from enum import StrEnum

from msgspec import Struct

from schemas.words import PayoutStatus


class Actor(StrEnum):
    """Who has to do something."""

    NOBODY = "nobody"
    OPERATOR = "operator"
    MERCHANT = "merchant"
    PAYEE = "payee"
    PROVIDER = "provider"


class Moved(StrEnum):
    """Whether money reached the payee."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"
    RETURNED = "returned"


class Meaning(Struct, frozen=True):
    """Of one code: who must act, what they do, and what the payee is told."""

    who: Actor
    remedy: str
    payee_text: str


class Failure(Struct, frozen=True, kw_only=True):
    """A payout's failure as it stands. `retry_safe`: paying again, under a new payout, cannot pay twice."""

    code: str
    who: Actor
    remedy: str
    payee_text: str
    money_moved: Moved
    retry_safe: bool


_CHECK = "We could not pay you with the details we have. Please check them with the sender."
_LATER = "Your payment is delayed. We are trying again."
_WAIT = "We are finding out whether your payment has arrived. Please do not ask for it again yet."
_SENDER = "The sender did not complete this payment. Please ask the sender."

MEANINGS: dict[str, Meaning] = {
    "payee_unknown": Meaning(Actor.MERCHANT, "Correct the payee's details and pay again.", _CHECK),
    "payee_account_closed": Meaning(Actor.PAYEE, "Ask the payee for another account and pay again.", _CHECK),
    "payee_limit_reached": Meaning(
        Actor.PAYEE,
        "Pay less, or later, or to another account of the payee.",
        "Your account may not receive this much. Please raise its limit or name another one.",
    ),
    "provider_busy": Meaning(Actor.NOBODY, "It is tried again by itself.", _LATER),
    "payee_provider_down": Meaning(Actor.PROVIDER, "It is tried again by itself; nothing can be done here.", _LATER),
    "provider_refused_request": Meaning(
        Actor.OPERATOR, "Look at what was sent to the provider; the rail is at fault.", _LATER
    ),
    "provider_unreachable": Meaning(Actor.NOBODY, "The provider is asked again by itself.", _WAIT),
    "no_answer": Meaning(Actor.NOBODY, "The provider is asked again by itself. Do not pay it again.", _WAIT),
    "still_in_progress": Meaning(Actor.PROVIDER, "The provider has not said how it ended. Do not pay it again.", _WAIT),
    "not_found": Meaning(Actor.OPERATOR, "The provider does not know it; ask there before anything else.", _WAIT),
    "insufficient_funds": Meaning(Actor.MERCHANT, "Credit the merchant and pay again.", _SENDER),
    "batch_stopped": Meaning(Actor.MERCHANT, "Put the failed row right, and send the stopped rows in a new batch.", _SENDER),
    "declaration_mismatch": Meaning(
        Actor.MERCHANT, "Compare the rows with what was declared and send the batch again.", _SENDER
    ),
}
_OTHER = Meaning(
    Actor.OPERATOR,
    "Read the reason; this code is not in our list.",
    "Your payment did not go through. Please ask the sender.",
)

_MOVED = {
    PayoutStatus.COMPLETED: Moved.YES,
    PayoutStatus.RETURNED: Moved.RETURNED,
    PayoutStatus.PROCESSING: Moved.UNKNOWN,
    PayoutStatus.REQUIRES_ACTION: Moved.UNKNOWN,
}


def money_moved(status: PayoutStatus) -> Moved:
    """Whether money reached the payee of a payout in this state."""
    return _MOVED.get(status, Moved.NO)


def failure_of(status: PayoutStatus, code: str | None) -> Failure | None:
    """What a payout's failure code means as it stands; None without a code."""
    if code is None:
        return None
    meaning, moved = MEANINGS.get(code, _OTHER), money_moved(status)
    return Failure(
        code=code,
        who=meaning.who,
        remedy=meaning.remedy,
        payee_text=meaning.payee_text,
        money_moved=moved,
        retry_safe=moved in {Moved.NO, Moved.RETURNED} and status is not PayoutStatus.PENDING,
    )

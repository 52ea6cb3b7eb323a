"""The closed lists of words: states, reasons, outcomes, entry types. One word per idea, the same on every channel.

Owns the spelling only. Which state may follow which is the law's (`domain.payout.state.TRANSITIONS`).
"""

from enum import StrEnum


class PayoutStatus(StrEnum):
    """Where a payout stands (LIF-01)."""

    PENDING = "pending"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    RETURNED = "returned"


class BatchPhase(StrEnum):
    """Where the batch itself stands on the log; what its rows add up to is derived from them (LIF-16)."""

    OPEN = "open"
    RELEASED = "released"
    REFUSED = "refused"
    CANCELED = "canceled"


class Reason(StrEnum):
    """Why a payout waits, or why it stands where it does (LIF-04, LIF-12).

    `unsealed` is never stored: it is shown for a pending row as long as its batch is open.
    """

    APPROVAL = "approval"
    SCHEDULE = "schedule"
    FUNDS = "funds"
    PAUSED = "paused"
    HOLD = "hold"
    UNSEALED = "unsealed"
    RETRY = "retry"
    IN_PROGRESS = "in_progress"
    OUTCOME_UNKNOWN = "outcome_unknown"
    INSUFFICIENT_FUNDS = "insufficient_funds"


class Outcome(StrEnum):
    """What a provider said of one attempt (RAI-04). Anything that is not definite is `unknown`."""

    PAID = "paid"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    UNKNOWN = "unknown"


class RecordOutcome(StrEnum):
    """What became of one command record."""

    DECIDED = "decided"
    REFUSED = "refused"
    REPEAT = "repeat"


class RecipientType(StrEnum):
    """The kinds of payee (API-06)."""

    BANK_ACCOUNT = "bank_account"
    MOBILE_MONEY = "mobile_money"


class EntryType(StrEnum):
    """What a ledger entry is for (LED-05)."""

    PAYMENT_RECEIVED = "payment_received"
    PAYOUT_HOLD = "payout_hold"
    PAYOUT_RELEASE = "payout_release"
    PAYOUT_COMPLETED = "payout_completed"
    PAYOUT_RETURNED = "payout_returned"
    FEE_DEBIT = "fee_debit"
    ADJUSTMENT_CREDIT = "adjustment_credit"
    ADJUSTMENT_DEBIT = "adjustment_debit"


class Funding(StrEnum):
    """How a batch is funded when it is sealed (BAT-10)."""

    ALL_OR_NOTHING = "all_or_nothing"
    AS_AVAILABLE = "as_available"


class OnRowFailure(StrEnum):
    """What a batch does when one of its rows has failed for good (BAT-10). `stop`: rows not sent yet are canceled."""

    CONTINUE = "continue"
    STOP = "stop"


class OnInvalidRows(StrEnum):
    """What becomes of a request's rows when some are not valid (BAT-09): nothing is taken, or the others are."""

    REJECT_ALL = "reject_all"
    ACCEPT_VALID = "accept_valid"


class OnInsufficientFunds(StrEnum):
    """What a single payout does when the balance does not cover it (ERR-03)."""

    REFUSE = "refuse"
    WAIT = "wait"


class VerificationStatus(StrEnum):
    """How far the verification of a saved account is (API-28). `waiting`: both deposits are paid, their amounts are to be named."""

    SENDING = "sending"
    WAITING = "waiting"
    VERIFIED = "verified"
    FAILED = "failed"


class DepositStatus(StrEnum):
    """What is known of one deposit. `sent` until the provider has said something definite."""

    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"


class AccountChange(StrEnum):
    """What happened to a saved account."""

    DETAILS = "details"
    CLOSED = "closed"
    VERIFICATION_STARTED = "verification_started"
    DEPOSIT_PAID = "deposit_paid"
    DEPOSIT_FAILED = "deposit_failed"
    WRONG_AMOUNTS = "wrong_amounts"
    VERIFIED = "verified"


AVAILABLE = "available"
HELD = "held"
FEES = "fees"
EXTERNAL = "external"
RECEIVABLE = "receivable"
"""Account names of a merchant: its own (available, held, fees), where its money came from (external), and what the house laid out for it
(receivable)."""


def clearing(provider: str) -> str:
    """The house's clearing account at one provider, kept per merchant so that no two partitions share an account."""
    return f"clearing:{provider}"

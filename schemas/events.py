"""Events: facts on `payouts.events`. One event record per command record, naming its source offset.

Owns what may have happened. Every event that moves money carries postings that sum to zero per currency (LED-02); every
event on a batch's rows carries the change of the batch's totals, so a reader needs no state of its own to project it.
Times are milliseconds UTC; amounts are minor units.
"""

from msgspec import Struct

from schemas.accounts import Verification
from schemas.forms import BatchDeclaration, PayoutForm, RefusedRows
from schemas.words import AccountChange, EntryType, Funding, OnRowFailure, PayoutStatus, Reason, RecordOutcome


class Posting(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One leg of a double entry: a signed change of one account (positive adds to it). Never zero (LED-05)."""

    account: str
    amount_minor: int
    currency: str
    entry_type: EntryType


class TotalsDelta(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Change of one batch total: signed count and sum (minor units) of the rows in `status`."""

    status: PayoutStatus
    currency: str
    count: int
    amount_minor: int


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A fact. The tag is the class name in snake case."""


class MerchantOpened(Event, frozen=True, kw_only=True, tag="merchant_opened"):
    """A merchant is known and active."""

    name: str
    main_currency: str


class BankAccountAdded(Event, frozen=True, kw_only=True, tag="bank_account_added"):
    """A payee bank account was saved."""

    bank_account_id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    account_type: str = "current"
    verified: bool = False
    primary: bool = False


class MerchantChanged(Event, frozen=True, kw_only=True, tag="merchant_changed"):
    """A merchant as it is now."""

    name: str
    main_currency: str
    active: bool
    key_required: bool = False


class BankAccountChanged(Event, frozen=True, kw_only=True, tag="bank_account_changed"):
    """A saved account as it is now, and what happened to it. `closed_at` in ms UTC.

    A paid deposit carries postings: the house laid the money out, so no account that the merchant sees moves.
    """

    change: AccountChange
    bank_account_id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    account_type: str = "current"
    verified: bool = False
    primary: bool = False
    closed_at: int | None = None
    verification: Verification | None = None
    postings: list[Posting] = []


class MerchantCredited(Event, frozen=True, kw_only=True, tag="merchant_credited"):
    """Money came in."""

    credit_id: str
    amount_minor: int
    currency: str
    reference: str
    postings: list[Posting]
    description: str | None = None


class PayoutAccepted(Event, frozen=True, kw_only=True, tag="payout_accepted"):
    """A single payout is pending. Its money is held by `postings`, or it waits for funds and has none."""

    payout_id: str
    form: PayoutForm
    fee_minor: int = 0
    key: str | None = None
    reason: Reason | None = None
    release_at: int | None = None
    postings: list[Posting] = []


class PayoutRejected(Event, frozen=True, kw_only=True, tag="payout_rejected"):
    """A single payout was refused on intake and is kept as `rejected` (ERR-03)."""

    payout_id: str
    form: PayoutForm
    code: str
    detail: str
    key: str | None = None


class FundedPayout(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One payout that no longer waits for funds."""

    payout_id: str
    version: int
    reason: Reason | None = None


class RowRun(Struct, frozen=True, kw_only=True, gc=False):
    """Rows of a batch in one currency, from `first_row` to `last_row`: `count` of them, each version one higher.

    Only those are meant that the event can be about; rows between them in another currency, or in another state, are not.
    """

    batch_id: str
    currency: str
    first_row: int
    last_row: int
    count: int


class PayoutsFunded(Event, frozen=True, kw_only=True, tag="payouts_funded"):
    """Waiting payouts of one merchant and currency, first in first out, got their hold: `payouts`, and the waiting rows in `runs`."""

    payouts: list[FundedPayout]
    postings: list[Posting]
    runs: list[RowRun] = []


class BatchOpened(Event, frozen=True, kw_only=True, tag="batch_opened"):
    """An empty batch exists."""

    batch_id: str
    name: str | None = None
    reference: str | None = None
    funding: Funding = Funding.ALL_OR_NOTHING
    on_row_failure: OnRowFailure = OnRowFailure.CONTINUE
    declaration: BatchDeclaration | None = None
    source: str = "api"
    submit: bool = False
    key: str | None = None


class RowsAdded(Event, frozen=True, kw_only=True, tag="rows_added"):
    """Rows `first_row`... of a batch are pending, version 1, and wait for its seal; row ids follow from batch and row.

    `refused_rows`: how many of the batch's stayed out up to now, and their sums, where these came with some that did (BAT-09).
    """

    batch_id: str
    first_row: int
    rows: list[PayoutForm]
    totals: list[TotalsDelta]
    refused_rows: RefusedRows | None = None


class BatchReleased(Event, frozen=True, kw_only=True, tag="batch_released"):
    """A batch is sealed, its money held, its rows are free to be paid.

    No row changes, except that those of `waiting` wait for funds from now on: they have no hold (BAT-10).
    """

    batch_id: str
    row_count: int
    postings: list[Posting]
    waiting: list[RowRun] = []


class BatchRefused(Event, frozen=True, kw_only=True, tag="batch_refused"):
    """A batch was refused at its seal: its rows are `canceled` with `code`, each version one higher; no money was held."""

    batch_id: str
    row_count: int
    code: str
    detail: str
    totals: list[TotalsDelta]


class BatchCanceled(Event, frozen=True, kw_only=True, tag="batch_canceled"):
    """An unsealed batch was dropped: all `row_count` rows are `canceled`, each version one higher; no money was held."""

    batch_id: str
    row_count: int
    totals: list[TotalsDelta]
    reason: str | None = None


class BatchStopped(Event, frozen=True, kw_only=True, tag="batch_stopped"):
    """A running batch was stopped: its `row_count` rows that were pending are `canceled`, each version one higher, their holds released.

    Rows that had been sent go on. `waiting_rows` of the canceled waited for funds and had no hold.
    """

    batch_id: str
    row_count: int
    totals: list[TotalsDelta]
    postings: list[Posting] = []
    waiting_rows: int = 0
    code: str | None = None
    detail: str | None = None


class StartedAttempt(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One attempt that is now open under `reference`."""

    payout_id: str
    attempt: int
    version: int
    reference: str


class AttemptsStarted(Event, frozen=True, kw_only=True, tag="attempts_started"):
    """The payouts are processing; the provider may be called. No word by `deadline_at` makes the outcome unknown."""

    provider: str
    deadline_at: int
    attempts: list[StartedAttempt]
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class PaidPayout(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One payout that the provider paid."""

    payout_id: str
    attempt: int
    version: int
    provider_reference: str | None = None


class PayoutsCompleted(Event, frozen=True, kw_only=True, tag="payouts_completed"):
    """The provider paid; the holds went to clearing and fees."""

    provider: str
    payouts: list[PaidPayout]
    postings: list[Posting]
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class UnpaidPayout(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One payout whose attempt did not end in money paid. `due_at` is the next retry or inquiry, if one is owed."""

    payout_id: str
    attempt: int
    version: int
    code: str
    reason: str | None = None
    due_at: int | None = None
    inquiry: int = 0


class PayoutsFailed(Event, frozen=True, kw_only=True, tag="payouts_failed"):
    """A final failure, or the last try failed: the holds are released (LIF-11)."""

    provider: str
    payouts: list[UnpaidPayout]
    postings: list[Posting]
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class RetriesScheduled(Event, frozen=True, kw_only=True, tag="retries_scheduled"):
    """A definite, retryable failure: processing, reason `retry`, tried again at each one's `due_at` (LIF-10)."""

    provider: str
    payouts: list[UnpaidPayout]
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class OutcomesUnknown(Event, frozen=True, kw_only=True, tag="outcomes_unknown"):
    """Nobody can say whether these were paid: requires_action; the provider is asked at each one's `due_at` (LIF-12)."""

    provider: str
    payouts: list[UnpaidPayout]
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class ProgressingPayout(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One payout that the provider has taken and not finished."""

    payout_id: str
    attempt: int
    version: int
    provider_reference: str | None = None


class AttemptsInProgress(Event, frozen=True, kw_only=True, tag="attempts_in_progress"):
    """The provider says it is at work: processing, reason `in_progress`, until `deadline_at`."""

    provider: str
    deadline_at: int
    payouts: list[ProgressingPayout]
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class AnswerContradicted(Event, frozen=True, kw_only=True, tag="answer_contradicted"):
    """A late answer says other than what was decided (LIF-21). No state and no money moves by it."""

    payout_id: str
    attempt: int
    status: PayoutStatus
    answer: str
    provider: str
    provider_reference: str | None = None


class PayoutEdited(Event, frozen=True, kw_only=True, tag="payout_edited"):
    """A pending payout has a new form; its hold followed in the same event (API-21)."""

    payout_id: str
    version: int
    form: PayoutForm
    fee_minor: int = 0
    postings: list[Posting] = []
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class PayoutCanceled(Event, frozen=True, kw_only=True, tag="payout_canceled"):
    """A pending payout was canceled; its hold, if it had one, is released (API-24)."""

    payout_id: str
    version: int
    reason: str | None = None
    postings: list[Posting] = []
    totals: list[TotalsDelta] = []
    batch_id: str | None = None


class CommandRefused(Event, frozen=True, kw_only=True, tag="command_refused"):
    """The command was refused and nothing changed. `code` is one of `schemas.errors`."""

    code: str
    detail: str


AnyEvent = (
    MerchantOpened
    | BankAccountAdded
    | MerchantChanged
    | BankAccountChanged
    | MerchantCredited
    | PayoutAccepted
    | PayoutRejected
    | PayoutsFunded
    | BatchOpened
    | RowsAdded
    | BatchReleased
    | BatchRefused
    | BatchCanceled
    | BatchStopped
    | AttemptsStarted
    | PayoutsCompleted
    | PayoutsFailed
    | RetriesScheduled
    | OutcomesUnknown
    | AttemptsInProgress
    | AnswerContradicted
    | PayoutEdited
    | PayoutCanceled
    | CommandRefused
)


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the client is told, byte for byte (IDM-03): HTTP status and JSON text. From 400 on it is problem+json.

    `version` is the subject's version, for the ETag. `replayed` marks a stored first answer given again.
    """

    status: int
    body: str
    version: int | None = None
    replayed: bool = False


class Remember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """This record's answer belongs to an idempotency key until `expires_at`; with no answer the key is in flight."""

    key: str
    content_hash: str
    expires_at: int


class EventRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope on `payouts.events`: everything that one command record led to.

    `source_offset` is the command's offset in the partition of the same number; the sequence has no gap and no repeat.
    `subject` is the payout or batch the command is about. `events` is empty for a repeat.
    """

    source_offset: int
    command_id: str
    command_type: str
    merchant_id: str
    at: int
    outcome: RecordOutcome
    events: list[AnyEvent]
    subject: str | None = None
    answer: Answer | None = None
    remember: Remember | None = None
    actor: str = "api"
    trace: str | None = None
    v: int = 1

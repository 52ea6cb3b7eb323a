"""Commands: imperatives on `payouts.commands`, one tagged union, wrapped in one envelope.

Owns what may be asked of the processor. Times are milliseconds UTC; amounts are minor units. A record carries one payout
or up to CHUNK_ROWS_MAX rows of one batch. Adding an optional field is free; a changed meaning is a new type (RUN-27).
"""

from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

from schemas.forms import BatchDeclaration, PayoutForm, RefusedRows
from schemas.words import BatchPhase, Funding, OnInsufficientFunds, OnRowFailure, Outcome

CHUNK_ROWS_MAX = 500
CHUNK_BYTES_MAX = 512 * 1024

Match: TypeAlias = int | list[int] | None
"""The version in If-Match, or several, of which any will do; with none of them (only weak or strange tags) nothing does."""


class Body(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What is asked. The tag is the class name in snake case."""


class OpenMerchant(Body, frozen=True, kw_only=True, tag="open_merchant"):
    """Make a merchant known. A repeat with the same name changes nothing."""

    name: str
    main_currency: str = "USD"


class AddBankAccount(Body, frozen=True, kw_only=True, tag="add_bank_account"):
    """Save a payee bank account of a merchant (API-28). A repeat of the same id changes nothing."""

    bank_account_id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    account_type: str = "current"
    verified: bool = False
    primary: bool = False


class ChangeMerchant(Body, frozen=True, kw_only=True, tag="change_merchant"):
    """Change a merchant (API-27). Fields that are UNSET stay; an inactive merchant asks for nothing any more, and can be made active again.

    `key_required`: what would make something without a key of the client's own is refused (IDM-01).
    """

    name: str | UnsetType = UNSET
    main_currency: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    key_required: bool | UnsetType = UNSET


class ChangeBankAccount(Body, frozen=True, kw_only=True, tag="change_bank_account"):
    """Change what is known of a saved account, never who is paid: holder, number and IFSC stay for ever. UNSET stays."""

    bank_account_id: str
    bank_name: str | UnsetType | None = UNSET
    account_type: str | UnsetType = UNSET
    primary: bool | UnsetType = UNSET
    verified: bool | UnsetType = UNSET


class CloseBankAccount(Body, frozen=True, kw_only=True, tag="close_bank_account"):
    """Take no new payouts to a saved account, for good. What was accepted before goes on. A repeat changes nothing."""

    bank_account_id: str


class StartVerification(Body, frozen=True, kw_only=True, tag="start_verification"):
    """Send two deposits to a saved account (API-28). The amounts were drawn at the edge; no currency means the merchant's main one."""

    bank_account_id: str
    verification_id: str
    amounts_minor: list[int]
    currency: str | None = None


class RecordDeposit(Body, frozen=True, kw_only=True, tag="record_deposit"):
    """Bring what the provider said of deposit `number` (from 1) into the merchant's order. Only paid and failed are news."""

    bank_account_id: str
    verification_id: str
    number: int
    provider: str
    outcome: Outcome
    code: str | None = None
    provider_reference: str | None = None


class ConfirmVerification(Body, frozen=True, kw_only=True, tag="confirm_verification"):
    """Name the two amounts that came in, in any order, as decimal text of the deposits' currency. A wrong try counts."""

    bank_account_id: str
    amounts: list[str]


class CreditMerchant(Body, frozen=True, kw_only=True, tag="credit_merchant"):
    """Record incoming money (API-29). `reference` is unique per merchant for ever; a repeat moves nothing."""

    credit_id: str
    amount_minor: int
    currency: str
    reference: str
    description: str | None = None


class RequestPayout(Body, frozen=True, kw_only=True, tag="request_payout"):
    """Pay one payee. `release_at` holds the payout back (reason `schedule`) so that it can still be recalled."""

    payout_id: str
    form: PayoutForm
    release_at: int | None = None
    on_insufficient_funds: OnInsufficientFunds = OnInsufficientFunds.REFUSE


class OpenBatch(Body, frozen=True, kw_only=True, tag="open_batch"):
    """Open an empty batch. `submit` says that rows and seal follow under the same key, and the seal gives the answer."""

    batch_id: str
    name: str | None = None
    reference: str | None = None
    funding: Funding = Funding.ALL_OR_NOTHING
    on_row_failure: OnRowFailure = OnRowFailure.CONTINUE
    declaration: BatchDeclaration | None = None
    source: str = "api"
    submit: bool = False


class AddRows(Body, frozen=True, kw_only=True, tag="add_rows"):
    """Add rows `first_row`, `first_row` + 1, ... to an open batch. Rows it already has are a repeat and change nothing.

    `match_version` is If-Match; what is submitted in one piece never has it. Where rows of the request stay out, `numbers` are those that
    these have in it (from 1); `refused_rows` are the ones that stay out, unless the seal says so for all of a batch.
    """

    batch_id: str
    first_row: int
    rows: list[PayoutForm]
    match_version: Match = None
    numbers: list[int] | None = None
    refused_rows: RefusedRows | None = None


class SealBatch(Body, frozen=True, kw_only=True, tag="seal_batch"):
    """Close the batch, check its declaration, hold its money and release it; or refuse all of it.

    Funded as available, rows that the balance does not cover wait (BAT-10). With `match_version` or `expected_version` only the batch that
    somebody saw, and not one that got more rows since (BAT-13). `refused_rows` stay out of a batch that was submitted in one piece: they
    count towards every declaration, and the answer names them (BAT-09).
    """

    batch_id: str
    declaration: BatchDeclaration | None = None
    match_version: Match = None
    expected_version: int | None = None
    refused_rows: RefusedRows | None = None


class CancelBatch(Body, frozen=True, kw_only=True, tag="cancel_batch"):
    """Drop an unsealed batch, or stop a running one: rows that were not sent are canceled, the others go on (BAT-13).

    With `expected_phase` only a batch that stands there: who means to drop one does not stop it. `match_version` and `expected_version` as
    of a seal; the version of a running batch does not change while its rows are paid.
    """

    batch_id: str
    reason: str | None = None
    expected_phase: BatchPhase | None = None
    match_version: Match = None
    expected_version: int | None = None


class StartAttempts(Body, frozen=True, kw_only=True, tag="start_attempts"):
    """Put the next attempt of these payouts on the log, before the provider is called (LIF-09)."""

    provider: str
    payout_ids: list[str]
    batch_id: str | None = None


class ProviderAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the provider said of one attempt. `inquiry` marks the answer to a question, not to a send."""

    payout_id: str
    attempt: int
    outcome: Outcome
    retryable: bool = False
    code: str | None = None
    reason: str | None = None
    provider_reference: str | None = None
    inquiry: bool = False


class RecordAnswers(Body, frozen=True, kw_only=True, tag="record_answers"):
    """Bring provider answers into the merchant's order (RAI-02)."""

    provider: str
    answers: list[ProviderAnswer]
    batch_id: str | None = None


class RetryDue(Body, frozen=True, kw_only=True, tag="retry_due"):
    """The wait between two tries of these payouts is over (LIF-10). Says nothing if it is not, or no longer."""

    payout_ids: list[str]
    batch_id: str | None = None


class TimeOutAttempts(Body, frozen=True, kw_only=True, tag="time_out_attempts"):
    """No word from the provider in time for these payouts (LIF-12). Says nothing if there was one."""

    payout_ids: list[str]
    batch_id: str | None = None


class EditPayout(Body, frozen=True, kw_only=True, tag="edit_payout"):
    """Change a pending payout (API-21). Fields that are UNSET stay; `replace` (PUT) needs all four.

    `amount` is decimal text in the payout's (new) currency. `match_version` is If-Match (see `Match`), `expected_version` the body's.
    """

    payout_id: str
    amount: str | UnsetType = UNSET
    amount_minor: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    recipient: dict[str, str] | UnsetType = UNSET
    bank_account_id: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    match_version: Match = None
    expected_version: int | None = None


class CancelPayout(Body, frozen=True, kw_only=True, tag="cancel_payout"):
    """Cancel a pending payout and release its hold (API-24). A repeat is no error and changes nothing."""

    payout_id: str
    reason: str | None = None
    match_version: Match = None
    expected_version: int | None = None


Command = (
    OpenMerchant
    | AddBankAccount
    | ChangeMerchant
    | ChangeBankAccount
    | CloseBankAccount
    | StartVerification
    | RecordDeposit
    | ConfirmVerification
    | CreditMerchant
    | RequestPayout
    | OpenBatch
    | AddRows
    | SealBatch
    | CancelBatch
    | StartAttempts
    | RecordAnswers
    | RetryDue
    | TimeOutAttempts
    | EditPayout
    | CancelPayout
)


class CommandRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope on `payouts.commands`.

    `id` is minted at the edge. `key` and `content_hash` are the idempotency key and the hash of the request's canonical
    content (IDM-05); `key_made` says that the edge minted the key, since the client gave none. `actor` says who speaks: api,
    file, inbox:<upstream>, rails, timer, seed. `trace` is a W3C traceparent, `instance` the path of the request, both only for
    the answer's text.
    """

    id: str
    merchant_id: str
    at: int
    body: Command
    actor: str = "api"
    key: str | None = None
    content_hash: str | None = None
    key_made: bool = False
    trace: str | None = None
    instance: str | None = None
    v: int = 1

"""What Payflow answers, typed. Members that this version does not know are ignored, so that the API may add some (docs/client.md).

Owns names and types only. Amounts are decimal text and integers of minor units; times are RFC 3339 text in UTC.
"""

from typing import Any

from msgspec import Struct


class FieldFault(Struct, frozen=True, kw_only=True):
    """One fault of a request: where (JSON Pointer, `header/...` or `query/...`), a code, and words."""

    pointer: str
    detail: str
    code: str = "validation_error"
    row: str | None = None
    column: str | None = None


class Verification(Struct, frozen=True, kw_only=True):
    """How far an account is verified: sending, waiting (for the amounts), verified, failed."""

    status: str
    currency: str
    tries_left: int
    started_at: str


class BankAccount(Struct, frozen=True, kw_only=True):
    """A saved bank account; the number is masked."""

    id: str
    holder: str
    account_number: str
    type: str
    verified: bool
    primary: bool
    ifsc: str | None = None
    bank_name: str | None = None
    closed_at: str | None = None
    verification: Verification | None = None


class Payout(Struct, frozen=True, kw_only=True):
    """A payout as it stood when Payflow answered."""

    id: str
    merchant_id: str
    amount: str
    amount_minor: int
    currency: str
    status: str
    version: int
    created_at: str
    updated_at: str
    reason: str | None = None
    batch_id: str | None = None
    row: int | None = None
    reference: str | None = None
    description: str | None = None
    recipient_details: dict[str, str] | None = None
    bank_account_id: str | None = None
    bank_account: BankAccount | None = None
    idempotency_key: str | None = None
    provider: str | None = None
    attempt_count: int = 0
    fee: str = "0"
    fee_minor: int = 0
    waits_until: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference_id: str | None = None
    expected_settlement_date: str | None = None
    completed_at: str | None = None
    failed_at: str | None = None
    canceled_at: str | None = None

    @property
    def ended(self) -> bool:
        """Whether no more is to come, save a return of what was paid."""
        return self.status in {"completed", "failed", "canceled", "rejected", "returned"}


class Position(Struct, frozen=True):
    """A place on the log."""

    partition: int
    offset: int
    index: int = 0


class Change(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One change of a payout, in the order of its history."""

    position: Position
    to: str
    version: int
    at: str
    from_: str | None = None
    reason: str | None = None
    attempt: int = 0
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference_id: str | None = None
    actor: str = ""


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One thing that happened to a payout or batch; `t_ms` and `t_days` count from the first. `position` None: it is not on the log."""

    at: str
    kind: str
    title: str
    t_ms: int = 0
    t_days: int = 0
    position: Position | None = None
    actor: str | None = None
    detail: dict[str, Any] = {}


class NextStep(Struct, frozen=True, kw_only=True):
    """What happens next, when, who must act, and whether a new payout in its stead cannot pay twice."""

    step: str
    text: str
    who: str
    retry_safe: bool
    money_moved: str
    at: str | None = None


class Timeline(Struct, frozen=True, kw_only=True):
    """A payout's story in one order; `missing` names parts that it lacks, and why."""

    payout_id: str
    status: str
    version: int
    attention: str
    entries: list[TimelineEntry]
    next: NextStep
    without_gap: bool
    attention_reason: str | None = None
    failure: dict[str, Any] | None = None
    expected_settlement_date: str | None = None
    settled_at: str | None = None
    missing: list[dict[str, str]] = []


class RefusedRows(Struct, frozen=True, kw_only=True):
    """Rows of a request that stayed out (`on_invalid_rows` "accept_valid"); `row` of a fault counts in the request, from 1."""

    row_count: int
    fault_count: int
    errors: list[FieldFault] = []


class Batch(Struct, frozen=True, kw_only=True):
    """A batch as it stands; `counts` per payout state, `progress` with done, total and percent.

    `version` counts what happens to the batch itself; None from a server that does not tell it. `refused_rows` is in the answer to the
    request that sent them, and in its repeats.
    """

    id: str
    merchant_id: str
    phase: str
    status: str
    attention: str
    row_count: int
    counts: dict[str, int]
    progress: dict[str, int]
    created_at: str
    name: str | None = None
    reference: str | None = None
    attention_reason: str | None = None
    sums: list[dict[str, Any]] = []
    refusal_code: str | None = None
    refusal_detail: str | None = None
    funding: str = "all_or_nothing"
    on_row_failure: str = "continue"
    waiting_rows: int = 0
    released_at: str | None = None
    stopped_at: str | None = None
    version: int | None = None
    refused_rows: RefusedRows | None = None

    @property
    def ended(self) -> bool:
        """Whether every row has ended, or none will ever be paid."""
        return self.phase in {"refused", "canceled"} or (self.row_count > 0 and self.progress["done"] == self.row_count)


class BatchStopped(Struct, frozen=True, kw_only=True):
    """What the stop of a running batch did: rows canceled, and rows that could not be, since they are in flight or had ended."""

    batch_id: str
    row_count: int
    stopped: int
    not_stopped: int
    in_flight: int
    ended: int


class RowsAdded(Struct, frozen=True, kw_only=True):
    """What a chunk added to a batch."""

    batch_id: str
    first_row: int
    rows: int
    row_count: int
    version: int | None = None
    refused_rows: RefusedRows | None = None


class CurrencyBalance(Struct, frozen=True, kw_only=True):
    """One currency; total = available + held."""

    currency: str
    available: str
    available_minor: int
    held: str
    held_minor: int
    total: str
    total_minor: int


class Balance(Struct, frozen=True, kw_only=True):
    """A merchant's balances, its main currency first."""

    merchant_id: str
    balances: list[CurrencyBalance]


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One leg of a double entry; the amount is signed."""

    id: str
    account: str
    entry_type: str
    direction: str
    amount: str
    amount_minor: int
    currency: str
    created_at: str
    payout_id: str | None = None
    batch_id: str | None = None
    payout_count: int | None = None
    description: str = ""


class Credit(Struct, frozen=True, kw_only=True):
    """Money that came in."""

    id: str
    merchant_id: str
    amount: str
    amount_minor: int
    currency: str
    reference: str
    created_at: str


class Merchant(Struct, frozen=True, kw_only=True):
    """A merchant with its saved bank accounts."""

    id: str
    name: str
    main_currency: str
    active: bool = True
    idempotency_key_required: bool = False
    bank_accounts: list[BankAccount] = []


class Reply(Struct, frozen=True, kw_only=True):
    """The one reply to one inbox record: `result` is accepted, refused or duplicate; `body` what REST would have answered."""

    result: str
    status: int
    topic: str
    partition: int
    offset: int
    at: str
    code: str | None = None
    merchant_id: str | None = None
    kind: str | None = None
    message_id: str | None = None
    idempotency_key: str | None = None
    subject: str | None = None
    position: str | None = None
    body: Any = None

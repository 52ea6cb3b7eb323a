"""The documented forms of ingest's requests and answers: what the generated OpenAPI shows.

Owns words and examples for readers. Requests are read by `domain.intake`, not by these models, so that a fault has the same code on
every channel; a test holds the two together. Must not validate.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

AMOUNT = Field(None, description="Decimal text, at most 12 digits and the currency's decimals.", examples=["100.50"])
MINOR = Field(None, description="The same amount as an integer of minor units.", examples=[10050])
PAISE = Field(None, description="The same for INR; the currency is then INR.", examples=[50000])
CURRENCY = Field(None, description="ISO 4217, upper case; needed with amount and amount_minor.", examples=["USD"])
RECIPIENT = Field(
    None,
    description="One payee: `account_number` (also `account`) or `iban`, or `msisdn` (also `phone`). Other keys are kept as sent.",
    examples=[{"account_number": "1234567890", "bank_name": "Example Bank"}],
)
SAVED = Field(None, description="A saved bank account instead of a recipient; needs X-Merchant-Id and Idempotency-Key.")
REFERENCE = Field(None, description="The merchant's own reference, unique for ever.", max_length=64)
DESCRIPTION = Field(None, description="Free text.", max_length=1024)


def _examples(**examples: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples.values())})


class Amounts(BaseModel):
    """An amount in any of its spellings; those sent together must agree."""

    amount: str | None = AMOUNT
    amount_minor: int | None = MINOR
    amount_paise: int | None = PAISE
    currency: str | None = CURRENCY


class PayoutRequest(Amounts):
    """One payout to make."""

    model_config = _examples(
        written_out={
            "amount": "100.50",
            "currency": "USD",
            "recipient_details": {"account_number": "1234567890", "bank_name": "Example Bank"},
            "description": "Invoice 42",
        },
        saved={"amount_paise": 50000, "bank_account_id": "aaaaaaaa-0001-4000-8000-000000000001"},
        short_name={"amount": "25.00", "currency": "EUR", "recipient_details": {"account": "ACC-100"}},
        wallet={"amount": "12.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}},
    )

    recipient_details: dict[str, str] | None = RECIPIENT
    bank_account_id: str | None = SAVED
    reference: str | None = REFERENCE
    description: str | None = DESCRIPTION
    on_insufficient_funds: Literal["refuse", "wait"] = "refuse"
    merchant_id: str | None = Field(None, description="Another way to name the merchant; must agree with X-Merchant-Id.")


class PayoutEdit(Amounts):
    """What to change of a pending payout. Read-only fields may be sent back unchanged."""

    model_config = _examples(amount={"amount": "90.00", "currency": "USD"}, text={"description": "Invoice 42b"})

    recipient_details: dict[str, str] | None = RECIPIENT
    bank_account_id: str | None = SAVED
    description: str | None = DESCRIPTION
    expected_version: int | None = Field(None, description="The version you saw; another one is 409.")


class CancelRequest(BaseModel):
    """Why a payout or a batch is canceled; the body may be left out."""

    reason: str | None = Field(None, max_length=256)
    expected_version: int | None = None


class SavedAccount(BaseModel):
    """A saved bank account; its number is masked."""

    id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    type: str
    verified: bool
    primary: bool


class Payout(BaseModel):
    """A payout as it stands. Times are RFC 3339 UTC."""

    id: str
    merchant_id: str
    batch_id: str | None = None
    row: int | None = None
    reference: str | None = None
    amount: str
    amount_minor: int
    amount_paise: int | None = None
    currency: str
    fee: str
    fee_minor: int
    recipient_details: dict[str, str] | None = None
    bank_account_id: str | None = None
    bank_account: SavedAccount | None = None
    description: str | None = None
    status: str
    reason: str | None = None
    waits_until: str | None = None
    version: int
    idempotency_key: str | None = None
    provider: str | None = None
    attempt_count: int
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference_id: str | None = None
    expected_settlement_date: str | None = None
    created_at: str
    updated_at: str
    processing_started_at: str | None = None
    completed_at: str | None = None
    failed_at: str | None = None
    canceled_at: str | None = None
    returned_at: str | None = None
    settled_at: str | None = None


class Declaration(BaseModel):
    """What a batch is declared to add up to; a mismatch refuses all of it."""

    row_count: int | None = None
    sums: dict[str, str] | None = Field(None, examples=[{"USD": "1250.00"}])


class BatchRequest(BaseModel):
    """A batch; with `rows` it is submitted at once, without it is opened to be filled."""

    model_config = _examples(
        whole={
            "name": "November salaries",
            "declared": {"row_count": 2, "sums": {"USD": "30.00"}},
            "rows": [
                {"amount": "10.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}},
                {"amount": "20.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}},
            ],
        }
    )

    name: str | None = Field(None, max_length=256)
    reference: str | None = REFERENCE
    funding: Literal["all_or_nothing"] = "all_or_nothing"
    on_row_failure: Literal["continue"] = "continue"
    declared: Declaration | None = None
    rows: list[PayoutRequest] | None = None
    merchant_id: str | None = None


class RowsRequest(BaseModel):
    """The next rows of an open batch, at most 500. With `first_row` a repeat is recognised without a key."""

    rows: list[PayoutRequest]
    first_row: int | None = Field(None, ge=1, le=1_000_000)


class SealRequest(BaseModel):
    """The body may be left out."""

    declared: Declaration | None = None


class UploadForm(BaseModel):
    """CSV or XLSX with a header row (`amount`, `currency`, `msisdn` or `account_number`, and so on; more columns are kept), or pain.001.

    All of it is checked before any row is taken. What is refused is kept: correct single rows at `corrections_url`.
    """

    file: str = Field(json_schema_extra={"format": "binary"})
    name: str | None = None
    reference: str | None = None
    funding: Literal["all_or_nothing"] = "all_or_nothing"
    on_row_failure: Literal["continue"] = "continue"
    currency: str | None = Field(None, description="The currency of rows that name none.")
    row_count: int | None = Field(None, description="Declared number of rows.")
    total: str | None = Field(None, description="Declared sum in `currency`.")
    declared: str | None = Field(None, description="The declaration as JSON, for several currencies.")
    mapping: str | None = Field(
        None,
        description='JSON, the file\'s columns to fields: `{"Betrag": "amount", "Filiale": "ignore"}`. It is remembered.',
    )
    number_format: Literal["1000.00", "1,000.00", "1.000,00", "1 000,00", "1 000.00", "1'000.00", "1,00,000.00"] = "1000.00"
    on_invalid_rows: Literal["reject_all", "accept_valid"] = "reject_all"
    override_duplicate: str | None = Field(None, description="Why a file is sent whose like was taken before.")
    merchant_id: str | None = None


class Batch(BaseModel):
    """A batch as it stands, with counts and sums of its rows per state."""

    id: str
    merchant_id: str
    name: str | None = None
    reference: str | None = None
    source: str
    phase: str
    status: str
    attention: str
    attention_reason: str | None = None
    funding: str
    on_row_failure: str
    row_count: int
    counts: dict[str, int]
    sums: list[dict[str, Any]]
    progress: dict[str, int]
    refusal_code: str | None = None
    refusal_detail: str | None = None
    idempotency_key: str | None = None
    created_at: str
    released_at: str | None = None
    updated_at: str


class RowsAdded(BaseModel):
    """What a chunk added."""

    batch_id: str
    first_row: int
    rows: int
    row_count: int


class MerchantRequest(BaseModel):
    """A merchant to open."""

    model_config = _examples(one={"id": "acme", "name": "Acme Ltd", "main_currency": "USD"})

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    name: str
    main_currency: str = "USD"


class OpenedMerchant(BaseModel):
    """A merchant."""

    id: str
    name: str
    main_currency: str
    active: bool
    bank_accounts: list[SavedAccount] = []


class CreditRequest(Amounts):
    """Incoming money."""

    model_config = _examples(one={"amount": "1000.00", "currency": "USD", "reference": "wire-2026-11-20"})

    reference: str = Field(max_length=64, description="Unique per merchant for ever.")
    description: str | None = DESCRIPTION


class Credit(BaseModel):
    """Money that came in."""

    id: str
    merchant_id: str
    amount: str
    amount_minor: int
    amount_paise: int | None = None
    currency: str
    reference: str
    description: str | None = None
    created_at: str


class BankAccountRequest(BaseModel):
    """A payee's bank account to save."""

    model_config = _examples(one={"holder": "Ramesh Exports", "account_number": "50100012345678", "ifsc": "HDFC0001234"})

    id: str | None = Field(None, description="A UUID of your own; made here if left out.")
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    account_type: Literal["current", "savings"] = "current"
    verified: bool = False
    primary: bool = False


class Pending(BaseModel):
    """The request is durable and not decided yet; ask at `location`."""

    id: str | None
    pending: Literal[True]
    detail: str
    location: str | None


class FieldFault(BaseModel):
    """One fault of a request."""

    pointer: str
    code: str
    detail: str
    row: str | None = None
    column: str | None = None


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str
    error: str
    message: str
    retryable: bool
    trace_id: str | None = None
    errors: list[FieldFault] = []

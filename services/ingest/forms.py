"""The documented forms of ingest's requests and answers: what the generated OpenAPI shows.

Owns words and examples for readers. Requests are read by `domain.intake`, not by these models, so that a fault has the same code on
every channel; a test holds the two together. Must not validate.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

TEXT_IN_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]*$"
TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]*$"
DECIMAL = r"^([1-9][0-9]{0,8}(\.[0-9]{1,4})?|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$"
NAMED_AMOUNT = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?$"
HIGHEST_MINOR = 9_999_999_999_900
"""Of a currency with four decimals; each currency has its own highest amount below it."""

AMOUNT = Field(
    None, pattern=DECIMAL, description="Decimal text, at most 12 digits and the currency's decimals.", examples=["100.50"]
)
MINOR = Field(None, ge=1, le=HIGHEST_MINOR, description="The same amount as an integer of minor units.", examples=[10050])
PAISE = Field(None, ge=1, le=99_999_999_999, description="The same for INR; the currency is then INR.", examples=[50000])
CURRENCY = Field(
    None,
    pattern="^[A-Z]{3}$",
    description="ISO 4217, upper case; needed with amount and amount_minor. USD, EUR, GBP, RUB and INR unless set otherwise.",
    examples=["USD"],
)
RECIPIENT = Field(
    None,
    description="One payee: `account_number` (also `account`) or `iban`, or `msisdn` (also `phone`). Other keys are kept as sent.",
    examples=[{"account_number": "1234567890", "bank_name": "Example Bank"}],
)
SAVED = Field(
    None,
    description="A saved bank account instead of a recipient; needs X-Merchant-Id and Idempotency-Key.",
    json_schema_extra={"format": "uuid"},
)
REFERENCE = Field(
    None, description="The merchant's own reference, unique for ever.", min_length=1, max_length=64, pattern=TEXT_IN_LINE
)
DESCRIPTION = Field(None, description="Free text.", max_length=1024, pattern=TEXT)
MERCHANT = Field(
    None,
    description="Another way to name the merchant; must agree with X-Merchant-Id.",
    pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
)
VERSION = Field(None, ge=1, description="The version you saw; another one is 409.")
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Date = Annotated[str, Field(json_schema_extra={"format": "date"})]


def _need(*names: str, **types: object) -> dict[str, Any]:
    """A branch of a form: these members, and of these types."""
    return {"required": list(names), "properties": {name: types.get(name, {"type": "string"}) for name in names}}


_WHOLE = {"type": "integer"}
_AN_AMOUNT = {
    "anyOf": [
        _need("amount", "currency"),
        _need("amount_minor", "currency", amount_minor=_WHOLE),
        {**_need("amount_paise", amount_paise=_WHOLE)},
    ]
}
_ONE_PAYEE = {"oneOf": [_need("recipient_details", recipient_details={"type": "object"}), _need("bank_account_id")]}


def _form(*rules: dict[str, Any], **examples: Any) -> ConfigDict:
    """A request form: no other members, the rules that no single member can say, and examples by name."""
    extra: dict[str, Any] = {"allOf": list(rules)} if rules else {}
    return ConfigDict(
        extra="forbid", json_schema_extra={**extra, "examples": list(examples.values())} if examples else extra
    )


class Recipient(RootModel[dict[str, str]]):
    """Who is paid: a bank account or a mobile-money wallet."""

    model_config = ConfigDict(
        json_schema_extra={
            "maxProperties": 20,
            "propertyNames": {"minLength": 1, "maxLength": 256, "pattern": TEXT_IN_LINE},
            "additionalProperties": {"type": "string", "maxLength": 256, "pattern": TEXT_IN_LINE},
            "properties": {
                "type": {"enum": ["bank_account", "mobile_money"]},
                "account_number": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9 ./-]{3,32}[A-Za-z0-9]$"},
                "account": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9 ./-]{3,32}[A-Za-z0-9]$"},
                "iban": {"type": "string", "minLength": 15, "maxLength": 42},
                "ifsc": {"type": "string", "pattern": "^[A-Z]{4}0[A-Z0-9]{6}$"},
                "msisdn": {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"},
                "phone": {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"},
            },
            "oneOf": [
                {"anyOf": [{"required": [name]} for name in ("account_number", "account", "iban")]},
                {"anyOf": [{"required": [name]} for name in ("msisdn", "phone")]},
            ],
        }
    )


class Amounts(BaseModel):
    """An amount in any of its spellings; those sent together must agree."""

    amount: str | None = AMOUNT
    amount_minor: int | None = MINOR
    amount_paise: int | None = PAISE
    currency: str | None = CURRENCY


class PayoutRequest(Amounts):
    """One payout to make."""

    model_config = _form(
        _AN_AMOUNT,
        _ONE_PAYEE,
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

    recipient_details: Recipient | None = RECIPIENT
    bank_account_id: str | None = SAVED
    reference: str | None = REFERENCE
    description: str | None = DESCRIPTION
    on_insufficient_funds: Literal["refuse", "wait"] | None = "refuse"
    merchant_id: str | None = MERCHANT


class PayoutEdit(Amounts):
    """What to change of a pending payout. Read-only fields may be sent back unchanged."""

    model_config = _form(amount={"amount": "90.00", "currency": "USD"}, text={"description": "Invoice 42b"})

    recipient_details: Recipient | None = RECIPIENT
    bank_account_id: str | None = SAVED
    description: str | None = DESCRIPTION
    expected_version: int | None = VERSION


class PayoutReplacement(PayoutEdit):
    """All that a pending payout can change: amount, currency, payee and description."""

    model_config = _form(
        {"anyOf": [_need("amount"), _need("amount_minor", amount_minor=_WHOLE), _need("amount_paise", amount_paise=_WHOLE)]},
        {"required": ["currency", "description"]},
        _ONE_PAYEE,
        all={
            "amount": "95.00",
            "currency": "USD",
            "recipient_details": {"account_number": "1234567890", "bank_name": "Example Bank"},
            "description": "Invoice 42, corrected",
        },
    )


class CancelRequest(BaseModel):
    """Why a payout or a batch is canceled; the body may be left out."""

    model_config = _form(why={"reason": "paid by hand"})

    reason: str | None = Field(None, max_length=256, pattern=TEXT_IN_LINE)
    expected_version: int | None = VERSION


class Verification(BaseModel):
    """The newest verification of an account; the amounts of its deposits are shown nowhere."""

    status: Literal["sending", "waiting", "verified", "failed"] = Field(
        description="`waiting`: both deposits are paid, name their amounts."
    )
    currency: str
    tries_left: int = Field(ge=0, le=3)
    started_at: Time


class SavedAccount(BaseModel):
    """A saved bank account; its number is masked. A closed one takes no new payouts."""

    id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    type: str
    verified: bool
    primary: bool
    closed_at: Time | None = None
    verification: Verification | None = None


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
    status: Literal["pending", "processing", "requires_action", "completed", "failed", "canceled", "rejected", "returned"]
    reason: str | None = None
    waits_until: Time | None = None
    version: int
    idempotency_key: str | None = None
    provider: str | None = None
    attempt_count: int
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference_id: str | None = None
    expected_settlement_date: Date | None = None
    created_at: Time
    updated_at: Time
    processing_started_at: Time | None = None
    completed_at: Time | None = None
    failed_at: Time | None = None
    canceled_at: Time | None = None
    returned_at: Time | None = None
    settled_at: Time | None = None


class Declaration(BaseModel):
    """What a batch is declared to add up to; a mismatch refuses all of it."""

    model_config = ConfigDict(extra="forbid")

    row_count: int | None = Field(None, ge=0)
    sums: dict[Annotated[str, Field(pattern="^[A-Z]{3}$")], str] | None = Field(None, examples=[{"USD": "1250.00"}])


class BatchRequest(BaseModel):
    """A batch; with `rows` it is submitted at once, without it is opened to be filled."""

    model_config = _form(
        whole={
            "name": "November salaries",
            "declared": {"row_count": 2, "sums": {"USD": "30.00"}},
            "rows": [
                {"amount": "10.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}},
                {"amount": "20.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}},
            ],
        }
    )

    name: str | None = Field(None, min_length=1, max_length=256, pattern=TEXT_IN_LINE)
    reference: str | None = REFERENCE
    funding: Literal["all_or_nothing"] = "all_or_nothing"
    on_row_failure: Literal["continue"] = "continue"
    declared: Declaration | None = None
    rows: list[PayoutRequest] | None = Field(None, min_length=1, max_length=1_000_000)
    merchant_id: str | None = MERCHANT


class RowsRequest(BaseModel):
    """The next rows of an open batch, at most 500. With `first_row` a repeat is recognised without a key."""

    model_config = _form(
        two={
            "first_row": 1,
            "rows": [
                {"amount": "10.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}},
                {"amount": "20.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}},
            ],
        }
    )

    rows: list[PayoutRequest] = Field(min_length=1, max_length=500)
    first_row: int | None = Field(None, ge=1, le=1_000_000)


class SealRequest(BaseModel):
    """The body may be left out."""

    model_config = _form(declared={"declared": {"row_count": 2, "sums": {"USD": "30.00"}}})

    declared: Declaration | None = None


class UploadForm(BaseModel):
    """CSV or XLSX with a header row (`amount`, `currency`, `msisdn` or `account_number`, and so on; more columns are kept), or pain.001.

    All of it is checked before any row is taken. What is refused is kept: correct single rows at `corrections_url`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"file": "msisdn,amount,currency\n+256772123456,10.00,USD\n+256772123457,20.00,USD\n", "name": "November"}
            ]
        }
    )

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
    created_at: Time
    released_at: Time | None = None
    updated_at: Time


class RowsAdded(BaseModel):
    """What a chunk added."""

    batch_id: str
    first_row: int
    rows: int
    row_count: int


class DraftRequest(BaseModel):
    """One payout, or a whole batch with its rows, to be kept for later."""

    model_config = _form(
        {"oneOf": [_need("payout", payout={"type": "object"}), _need("batch", batch={"type": "object"})]},
        payout={"payout": {"amount": "100.50", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}},
        batch={
            "batch": {
                "name": "December salaries",
                "rows": [{"amount": "10.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}}],
            }
        },
    )

    payout: PayoutRequest | None = None
    batch: BatchRequest | None = None


class Draft(BaseModel):
    """A draft. What it makes when it is submitted has the draft's own id, and is then found at `made`.

    A refused one was asked for and refused for good (402, 409, 422): its key is used up, so write a new draft under a new key.
    """

    id: str
    merchant_id: str
    status: Literal["draft", "submitting", "submitted", "refused", "discarded"]
    kind: Literal["payout", "batch"]
    payout: dict[str, Any] | None = None
    batch: dict[str, Any] | None = None
    idempotency_key: str
    version: int
    made: str | None = None
    created_at: Time
    updated_at: Time


class DraftPage(BaseModel):
    """Open drafts, newest first; `next_cursor` goes on from here."""

    results: list[Draft]
    next_cursor: str | None = None


class Submitted(RootModel[Payout | Batch]):
    """What the draft asked for, as it was decided."""


class MerchantRequest(BaseModel):
    """A merchant to open."""

    model_config = _form(one={"id": "acme", "name": "Acme Ltd", "main_currency": "USD"})

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    name: str = Field(min_length=1, max_length=256, pattern=TEXT_IN_LINE)
    main_currency: str | None = Field("USD", pattern="^[A-Z]{3}$")


_SOMETHING = {"minProperties": 1}


def _current() -> Literal["current"]:
    """Stands for a member that is left out; nobody sees it."""
    return "current"


class MerchantChange(BaseModel):
    """What changes of a merchant; what is left out stays. An inactive one asks for nothing any more."""

    model_config = _form(
        _SOMETHING,
        rename={"name": "Acme Holding Ltd"},
        deactivate={"active": False},
        keys={"idempotency_key_required": True},
    )

    name: str = Field(default_factory=str, min_length=1, max_length=256, pattern=TEXT_IN_LINE)
    main_currency: str = Field(default_factory=str, pattern="^[A-Z]{3}$")
    active: bool = Field(default_factory=bool)
    idempotency_key_required: bool = Field(
        default_factory=bool, description="Payouts, drafts and accounts without an Idempotency-Key are then refused."
    )


class OpenedMerchant(BaseModel):
    """A merchant."""

    id: str
    name: str
    main_currency: str
    active: bool
    idempotency_key_required: bool = False
    bank_accounts: list[SavedAccount] = []


class CreditRequest(Amounts):
    """Incoming money."""

    model_config = _form(_AN_AMOUNT, one={"amount": "1000.00", "currency": "USD", "reference": "wire-2026-11-20"})

    reference: str = Field(min_length=1, max_length=64, pattern=TEXT_IN_LINE, description="Unique per merchant for ever.")
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
    created_at: Time


class BankAccountRequest(BaseModel):
    """A payee's bank account to save."""

    model_config = _form(one={"holder": "Ramesh Exports", "account_number": "50100012345678", "ifsc": "HDFC0001234"})

    id: str | None = Field(
        None, description="A UUID of your own; made here if left out.", json_schema_extra={"format": "uuid"}
    )
    holder: str = Field(min_length=1, max_length=256, pattern=TEXT_IN_LINE)
    account_number: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./-]{3,32}[A-Za-z0-9]$")
    ifsc: str | None = Field(None, pattern="^[A-Z]{4}0[A-Z0-9]{6}$")
    bank_name: str | None = Field(None, max_length=256, pattern=TEXT_IN_LINE)
    account_type: Literal["current", "savings"] = "current"
    verified: bool = Field(default=False, description="Only an administrator vouches for an account; verify it by deposits.")
    primary: bool = Field(default=False, description="It takes the place of the primary account before it.")


class BankAccountChange(BaseModel):
    """What changes of a saved account; holder, account number and IFSC never do."""

    model_config = _form(_SOMETHING, primary={"primary": True}, bank={"bank_name": "HDFC Bank", "account_type": "savings"})

    bank_name: str | None = Field(None, max_length=256, pattern=TEXT_IN_LINE)
    account_type: Literal["current", "savings"] = Field(default_factory=_current)
    primary: bool = Field(default_factory=bool)
    verified: bool = Field(
        default_factory=bool, description="Only an administrator vouches for an account, or takes that back."
    )


class VerificationStart(BaseModel):
    """In which currency the deposits are sent; the merchant's main one if left out."""

    model_config = _form(one={"currency": "INR"})

    currency: str | None = Field(None, pattern="^[A-Z]{3}$")


class DepositAmounts(BaseModel):
    """The two amounts that came in, in any order."""

    model_config = _form(one={"amounts": ["0.32", "0.45"]})

    amounts: list[Annotated[str, Field(pattern=NAMED_AMOUNT)]] = Field(min_length=2, max_length=2)


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

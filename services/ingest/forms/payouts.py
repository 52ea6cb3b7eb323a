"""One payout: who is paid, what is asked for, changed and canceled, and how it is answered. Owns these forms."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from domain.intake.text import LINE_PATTERN
from services.ingest.forms.accounts import SavedAccount
from services.ingest.forms.amounts import AN_AMOUNT, WHOLE, Amounts
from services.ingest.forms.fields import (
    ACCOUNT_NUMBER,
    DESCRIPTION,
    IFSC,
    LINE,
    MERCHANT,
    REFERENCE,
    VERSION,
    Date,
    Time,
    form,
    need,
)

MSISDN = r"^\+[1-9][0-9]{6,14}$"
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
ONE_PAYEE = {"oneOf": [need("recipient_details", recipient_details={"type": "object"}), need("bank_account_id")]}


class Recipient(RootModel[dict[str, str]]):
    """Who is paid: a bank account or a mobile-money wallet."""

    model_config = ConfigDict(
        json_schema_extra={
            "maxProperties": 20,
            "propertyNames": {"minLength": 1, "maxLength": 256, "pattern": LINE_PATTERN},
            "additionalProperties": {"type": "string", "maxLength": 256, "pattern": LINE_PATTERN},
            "properties": {
                "type": {"enum": ["bank_account", "mobile_money"]},
                "account_number": {"type": "string", "pattern": ACCOUNT_NUMBER},
                "account": {"type": "string", "pattern": ACCOUNT_NUMBER},
                "iban": {"type": "string", "minLength": 15, "maxLength": 42},
                "ifsc": {"type": "string", "pattern": IFSC},
                "msisdn": {"type": "string", "pattern": MSISDN},
                "phone": {"type": "string", "pattern": MSISDN},
            },
            "oneOf": [
                {"anyOf": [{"required": [name]} for name in ("account_number", "account", "iban")]},
                {"anyOf": [{"required": [name]} for name in ("msisdn", "phone")]},
            ],
        }
    )


class RowRequest(Amounts):
    """One row of a batch. What happens without money says the batch: `funding`."""

    model_config = form(
        AN_AMOUNT,
        ONE_PAYEE,
        wallet={
            "amount": "12.00",
            "currency": "USD",
            "recipient_details": {"msisdn": "+256772123456"},
            "reference": "row-1",
        },
    )

    recipient_details: Recipient | None = RECIPIENT
    bank_account_id: str | None = SAVED
    reference: str | None = REFERENCE
    description: str | None = DESCRIPTION
    merchant_id: str | None = MERCHANT


class PayoutRequest(RowRequest):
    """One payout to make."""

    model_config = form(
        AN_AMOUNT,
        ONE_PAYEE,
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

    on_insufficient_funds: Literal["refuse", "wait"] | None = "refuse"


class PayoutEdit(Amounts):
    """What to change of a pending payout. Read-only fields may be sent back unchanged."""

    model_config = form(amount={"amount": "90.00", "currency": "USD"}, text={"description": "Invoice 42b"})

    recipient_details: Recipient | None = RECIPIENT
    bank_account_id: str | None = SAVED
    description: str | None = DESCRIPTION
    expected_version: int | None = VERSION


class PayoutReplacement(PayoutEdit):
    """All that a pending payout can change: amount, currency, payee and description."""

    model_config = form(
        {"anyOf": [need("amount"), need("amount_minor", amount_minor=WHOLE), need("amount_paise", amount_paise=WHOLE)]},
        {"required": ["currency", "description"]},
        ONE_PAYEE,
        all={
            "amount": "95.00",
            "currency": "USD",
            "recipient_details": {"account_number": "1234567890", "bank_name": "Example Bank"},
            "description": "Invoice 42, corrected",
        },
    )


class CancelRequest(BaseModel):
    """Why a payout is canceled; the body may be left out."""

    model_config = form(why={"reason": "paid by hand"})

    reason: str | None = LINE
    expected_version: int | None = VERSION


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

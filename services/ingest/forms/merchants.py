"""Merchants and the money that comes in for them. Owns these forms."""

from pydantic import BaseModel, Field

from domain.intake.text import LINE_PATTERN, REFERENCE_MAX
from schemas.ids import MERCHANT_ID_PATTERN
from services.ingest.forms.accounts import SavedAccount
from services.ingest.forms.amounts import AN_AMOUNT, Amounts
from services.ingest.forms.fields import CURRENCY_CODE, DESCRIPTION, NAME, SOMETHING, Time, form


class MerchantRequest(BaseModel):
    """A merchant to open."""

    model_config = form(one={"id": "acme", "name": "Acme Ltd", "main_currency": "USD"})

    id: str = Field(pattern=MERCHANT_ID_PATTERN)
    name: str = Field(**NAME)
    main_currency: str | None = Field("USD", pattern=CURRENCY_CODE)


class MerchantChange(BaseModel):
    """What changes of a merchant; what is left out stays. An inactive one asks for nothing any more."""

    model_config = form(
        SOMETHING,
        rename={"name": "Acme Holding Ltd"},
        deactivate={"active": False},
        keys={"idempotency_key_required": True},
    )

    name: str = Field(default_factory=str, **NAME)
    main_currency: str = Field(default_factory=str, pattern=CURRENCY_CODE)
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

    model_config = form(AN_AMOUNT, one={"amount": "1000.00", "currency": "USD", "reference": "wire-2026-11-20"})

    reference: str = Field(
        min_length=1, max_length=REFERENCE_MAX, pattern=LINE_PATTERN, description="Unique per merchant for ever."
    )
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

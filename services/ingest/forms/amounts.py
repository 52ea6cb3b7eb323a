"""Amounts in all their spellings, as a request writes them. Owns their patterns and bounds. Must not know what is paid."""

from pydantic import BaseModel, Field

from services.ingest.forms.fields import CURRENCY_CODE, need

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
    pattern=CURRENCY_CODE,
    description="ISO 4217, upper case; needed with amount and amount_minor. USD, EUR, GBP, RUB and INR unless set otherwise.",
    examples=["USD"],
)
WHOLE = {"type": "integer"}
AN_AMOUNT = {
    "anyOf": [
        need("amount", "currency"),
        need("amount_minor", "currency", amount_minor=WHOLE),
        {**need("amount_paise", amount_paise=WHOLE)},
    ]
}


class Amounts(BaseModel):
    """An amount in any of its spellings; those sent together must agree."""

    amount: str | None = AMOUNT
    amount_minor: int | None = MINOR
    amount_paise: int | None = PAISE
    currency: str | None = CURRENCY

"""What a service is told of the currencies that can be paid here (API-09, API-12).

Owns the two settings, the same for who reads requests and for who decides them. Must not know what is done with them.
"""

from pydantic import Field, field_validator

from runtime.settings import ServiceSettings
from schemas.currencies import Currencies, enabled, read_codes, read_lower


class CurrencySettings(ServiceSettings):
    """Enabled currencies, and the most that one payout may be where that is less than 999,999,999.99."""

    payout_currencies: str = Field("USD,EUR,GBP,RUB,INR", alias="PAYOUT_CURRENCIES")
    payout_amounts_max: str = Field("", alias="PAYOUT_AMOUNTS_MAX")
    """`USD:50000.00,UGX:5000000`."""

    @field_validator("payout_currencies")
    @classmethod
    def _codes(cls, text: str) -> str:
        read_codes(text)
        return text

    @field_validator("payout_amounts_max")
    @classmethod
    def _amounts(cls, text: str) -> str:
        read_lower(text)
        return text

    @property
    def currencies(self) -> Currencies:
        """Enabled currencies, each with the most that one payout of it may be."""
        return enabled(read_codes(self.payout_currencies), read_lower(self.payout_amounts_max))

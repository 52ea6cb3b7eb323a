"""What the processor and rails are told by their environment."""

from pydantic import Field, field_validator

from domain.policy import Policy
from runtime.currency_settings import CurrencySettings


class ProcessorSettings(CurrencySettings):
    """Settings of the deciding side; waits are given in seconds."""

    processor_metrics_port: int = Field(9102, alias="PROCESSOR_METRICS_PORT")
    payout_max_retries: int = Field(3, alias="PAYOUT_MAX_RETRIES", ge=1, le=20)
    payout_retry_waits_seconds: str = Field("10,30,90", alias="PAYOUT_RETRY_WAITS_SECONDS")
    payout_processing_timeout_seconds: float = Field(30, alias="PAYOUT_PROCESSING_TIMEOUT_SECONDS", gt=0)
    payout_in_progress_timeout_seconds: float = Field(3600, alias="PAYOUT_IN_PROGRESS_TIMEOUT_SECONDS", gt=0)
    payout_inquiry_waits_seconds: str = Field("30,60,120,300,900,1800", alias="PAYOUT_INQUIRY_WAITS_SECONDS")
    payout_idempotency_window_hours: float = Field(24, alias="PAYOUT_IDEMPOTENCY_WINDOW_HOURS", gt=0)

    @field_validator("payout_retry_waits_seconds", "payout_inquiry_waits_seconds")
    @classmethod
    def _numbers(cls, text: str) -> str:
        _milliseconds(text)
        return text

    @property
    def policy(self) -> Policy:
        """The numbers that decisions go by."""
        return Policy(
            max_tries=self.payout_max_retries,
            retry_waits_ms=_milliseconds(self.payout_retry_waits_seconds),
            processing_timeout_ms=int(self.payout_processing_timeout_seconds * 1000),
            in_progress_timeout_ms=int(self.payout_in_progress_timeout_seconds * 1000),
            inquiry_waits_ms=_milliseconds(self.payout_inquiry_waits_seconds),
            key_ttl_ms=int(self.payout_idempotency_window_hours * 3_600_000),
            currencies=self.currencies,
        )


def _milliseconds(text: str) -> tuple[int, ...]:
    waits = tuple(int(float(part) * 1000) for part in text.split(","))
    if not waits or min(waits) <= 0:
        raise ValueError("give waits above 0 in seconds, by comma, such as 10,30,90")
    return waits

"""The documented forms of requests and answers about webhooks: what the generated OpenAPI shows.

Owns words and examples for readers. Requests are read by `domain.webhooks.requests`, not by these models. Must not validate.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.intake.text import LINE_PATTERN

URL = Field(
    description="https, public; http and this machine only where the development profile allows it.",
    pattern="^https?://[!-~]+$",
    max_length=2048,
)
TYPES: Any = Field(
    [], description="Event types or groups such as `payout.*`; none means all.", examples=[["payout.*", "batch.progress.v1"]]
)
SECRET = Field(description="`whsec_` and base64; told this once.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


def _form(*examples: dict[str, Any]) -> ConfigDict:
    """A request form: no other members, and requests that someone would send."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


class WebhookRequest(BaseModel):
    """An endpoint to be made."""

    model_config = _form({"url": "https://example.com/payflow", "types": ["payout.*"], "description": "Books"})

    url: str = URL
    types: list[str] = TYPES
    description: str | None = Field(None, max_length=256, pattern=LINE_PATTERN)


class WebhookChange(BaseModel):
    """What to change of an endpoint; what is left out stays."""

    model_config = _form({"enabled": True})

    url: str | None = Field(None, pattern="^https?://[!-~]+$", max_length=2048)
    types: list[str] | None = None
    description: str | None = Field(None, max_length=256, pattern=LINE_PATTERN, description="An empty text removes it.")
    enabled: bool | None = None


class WebhookTestRequest(BaseModel):
    """Where a test goes."""

    model_config = _form({"url": "https://example.com/payflow"})

    url: str = URL
    secret: str | None = Field(None, description="Signs the test; without it one is made and told.")


class Selection(BaseModel):
    """Deliveries to send again: `ids` (up to 1,000), or all from `from` (inclusive) to `to` (exclusive) that match."""

    model_config = _form(
        {"ids": ["019b0000-0000-7000-8000-000000000001"]},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "status": "failed"},
    )

    ids: list[str] | None = None
    start: str | None = Field(None, alias="from", description="RFC 3339; compared with the time of the event.")
    end: str | None = Field(None, alias="to")
    webhook_id: str | None = None
    status: str | None = Field(None, description="`delivered`, `failed` or `canceled`; without it all of them.")


class Webhook(BaseModel):
    """An endpoint."""

    id: str
    merchant_id: str
    url: str
    description: str | None
    types: list[str]
    status: str = Field(description="`enabled` or `disabled`.")
    disabled_reason: str | None = Field(description="`gone` (it answered 410), `failing` (5 days) or `switched_off`.")
    disabled_at: str | None
    failing_since: str | None
    last_success_at: str | None
    created_at: str
    updated_at: str


class CreatedWebhook(Webhook):
    """An endpoint and its secret."""

    secret: str = SECRET


class Webhooks(BaseModel):
    """All endpoints of a merchant."""

    count: int
    results: list[Webhook]


class RotatedSecret(BaseModel):
    """The new secret, and until when the one before is valid too."""

    secret: str = SECRET
    previous_valid_until: str


class WebhookTest(BaseModel):
    """What came of a test."""

    ok: bool
    webhook_message_id: str
    at: str
    duration_ms: int
    status_code: int | None
    error: str | None
    answer: str | None
    secret: str | None = None


class DeliverySubject(BaseModel):
    """What a delivery is about: a payout, a batch, or a balance by its currency."""

    type: str
    id: str


class Delivery(BaseModel):
    """One webhook to one endpoint; `id` is its `webhook-id`."""

    id: str
    webhook_id: str
    merchant_id: str
    type: str
    subject: DeliverySubject
    version: int | None
    order: int
    status: str = Field(description="`pending`, `delivered`, `failed` or `canceled`.")
    attempt_count: int
    next_attempt_at: str | None
    last_status_code: int | None
    last_error: str | None
    event_at: str
    finished_at: str | None


class DeliveryDetail(Delivery):
    """A delivery with what its event said."""

    own: dict[str, Any]


class Deliveries(BaseModel):
    """A page of deliveries; `next_cursor` is null on the last one."""

    results: list[Delivery]
    next_cursor: str | None


class Attempt(BaseModel):
    """One try. No status code means that no answer came."""

    number: int
    at: str
    duration_ms: int
    status_code: int | None
    error: str | None
    answer: str | None = Field(description="The first 2,000 bytes.")


class Attempts(BaseModel):
    """All tries of a delivery, in order."""

    count: int
    results: list[Attempt]


class SentAgain(BaseModel):
    """How many deliveries are pending again, and the first 1,000 ids."""

    count: int
    ids: list[str]


class Problem(BaseModel):
    """application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    errors: list[dict[str, str]]

"""What is written down and not asked for yet. Owns the forms of drafts and of what one becomes."""

from typing import Any, Literal

from pydantic import BaseModel, RootModel

from services.ingest.forms.batches import Batch, BatchRequest
from services.ingest.forms.fields import Time, form, need
from services.ingest.forms.payouts import Payout, PayoutRequest


class DraftRequest(BaseModel):
    """One payout, or a whole batch with its rows, to be kept for later."""

    model_config = form(
        {"oneOf": [need("payout", payout={"type": "object"}), need("batch", batch={"type": "object"})]},
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

"""Payouts submitted together: opened, filled, sealed and dropped, and how a batch is answered. Owns these forms."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.forms.answers import FieldFault
from services.ingest.forms.fields import CURRENCY_CODE, LINE, MERCHANT, NAME, REFERENCE, VERSION, Time, form
from services.ingest.forms.payouts import RowRequest

FundingWord = Literal["all_or_nothing", "as_available"]
"""`all_or_nothing`: all rows are held at the seal, or 402 and none. `as_available`: rows that the balance does not cover wait."""
RowFailureWord = Literal["continue", "stop"]
"""`stop`: once a row has failed for good, rows that were not sent are canceled."""
InvalidRowsWord = Literal["reject_all", "accept_valid"]
"""`accept_valid`: the rows that are valid go, in their order, and the answer names those that stay out."""
PhaseWord = Literal["open", "released", "refused", "canceled"]

INVALID_ROWS = (
    "`accept_valid`: the rows that are valid go, numbered without gaps; `refused_rows` of the answer names the others, by their numbers in "
    "the request. If none is valid: 400."
)
ONLY_ANSWERED = "In the answer to the request that sent them, and in its repeats."
TWO_ROWS = [
    {"amount": "10.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}},
    {"amount": "20.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}},
]


class Declaration(BaseModel):
    """What a batch is declared to add up to; a mismatch refuses all of it."""

    model_config = ConfigDict(extra="forbid")

    row_count: int | None = Field(None, ge=0)
    sums: dict[Annotated[str, Field(pattern=CURRENCY_CODE)], str] | None = Field(None, examples=[{"USD": "1250.00"}])


class BatchRequest(BaseModel):
    """A batch; with `rows` it is submitted at once, without it is opened to be filled."""

    model_config = form(
        whole={
            "name": "November salaries",
            "declared": {"row_count": 2, "sums": {"USD": "30.00"}},
            "rows": TWO_ROWS,
        }
    )

    name: str | None = Field(None, **NAME)
    reference: str | None = REFERENCE
    funding: FundingWord = "all_or_nothing"
    on_row_failure: RowFailureWord = "continue"
    on_invalid_rows: InvalidRowsWord = Field("reject_all", description=INVALID_ROWS)
    declared: Declaration | None = None
    rows: list[RowRequest] | None = Field(None, min_length=1, max_length=1_000_000)
    merchant_id: str | None = MERCHANT


class RowsRequest(BaseModel):
    """The next rows of an open batch, at most 500. With `first_row` a repeat is recognised without a key."""

    model_config = form(two={"first_row": 1, "rows": TWO_ROWS})

    rows: list[RowRequest] = Field(min_length=1, max_length=500)
    first_row: int | None = Field(None, ge=1, le=1_000_000)
    on_invalid_rows: InvalidRowsWord = Field("reject_all", description=INVALID_ROWS)


class SealRequest(BaseModel):
    """The body may be left out."""

    model_config = form(declared={"declared": {"row_count": 2, "sums": {"USD": "30.00"}}})

    declared: Declaration | None = None
    expected_version: int | None = VERSION


class DropRequest(BaseModel):
    """Why a batch is dropped or stopped, and where it was last seen to stand; the body may be left out."""

    model_config = form(why={"reason": "the wrong month", "expected_phase": "open"})

    reason: str | None = LINE
    expected_phase: PhaseWord | None = Field(
        None, description="Only if the batch stands here; else 409 and nothing happens."
    )
    expected_version: int | None = VERSION


class RefusedRows(BaseModel):
    """Rows of the request that stayed out (`accept_valid`): how many, and their faults, by row (from 1). The first 1,000 are listed."""

    row_count: int
    fault_count: int
    errors: list[FieldFault]


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
    version: int = Field(
        description="Counts what happens to the batch itself: opened, rows added, sealed, refused, dropped, stopped. What becomes of its "
        "rows changes it not.",
        ge=1,
    )
    row_count: int
    counts: dict[str, int]
    waiting_rows: int = Field(0, description="Pending rows that wait for funds.")
    sums: list[dict[str, Any]]
    progress: dict[str, int]
    refusal_code: str | None = None
    refusal_detail: str | None = None
    idempotency_key: str | None = None
    created_at: Time
    released_at: Time | None = None
    stopped_at: Time | None = None
    updated_at: Time
    refused_rows: RefusedRows | None = Field(None, description=ONLY_ANSWERED)


class BatchStopped(BaseModel):
    """What a stop of a running batch did, and what it could not stop: rows in flight, and rows that had ended before."""

    batch_id: str
    row_count: int
    stopped: int
    not_stopped: int
    in_flight: int
    ended: int


class RowsAdded(BaseModel):
    """What a chunk added, and the batch's version with it."""

    batch_id: str
    first_row: int
    rows: int
    row_count: int
    version: int
    refused_rows: RefusedRows | None = None

"""What any route may answer: not decided yet, or a problem with its faults. Owns these forms."""

from typing import Literal

from pydantic import BaseModel


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

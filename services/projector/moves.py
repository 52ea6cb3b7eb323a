"""How a payout stands after a change, and how two changes become one.

Owns the folding: several changes of one payout inside a transaction are written as one row, and the row must be the same as if each
had been written alone (guides/RELIABILITY T16). Must not know events or SQL.
"""

from typing import TypeVar

from msgspec import Struct

from services.projector.copy_text import plain_field, text_field

COLUMNS = (
    "version",
    "status",
    "reason",
    "updated_at",
    "due_at",
    "failure_code",
    "failure_reason",
    "provider",
    "attempt_count",
    "inquiry_count",
    "processing_started_at",
    "completed_at",
    "failed_at",
    "canceled_at",
    "bank_reference_id",
)
"""The columns of `payouts` that a move writes: those of `Move.fields` in their order, and the provider's reference."""


T = TypeVar("T")


class DriftError(Exception):
    """The log and the views do not fit together: a change meets a payout that is not at the version before it. Halt."""


class Move(Struct, frozen=True, kw_only=True, gc=False):
    """The state of a payout after a change of its state. Times in ms UTC.

    From `provider` on, None means: as before. `expects` is the version before the change, 0 for a payout that is new. The provider's
    reference is not here: it is all that payouts of one event differ in, so that without it they share their state.
    """

    expects: int
    version: int
    status: str
    updated_at: int
    reason: str | None = None
    due_at: int | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    provider: str | None = None
    attempt_count: int | None = None
    inquiry_count: int | None = None
    processing_started_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    canceled_at: int | None = None

    def fields(self) -> str:
        """The values of COLUMNS but the last as COPY text."""
        return "\t".join(
            (
                str(self.version),
                self.status,
                plain_field(self.reason),
                str(self.updated_at),
                plain_field(self.due_at),
                text_field(self.failure_code),
                text_field(self.failure_reason),
                text_field(self.provider),
                plain_field(self.attempt_count),
                plain_field(self.inquiry_count),
                plain_field(self.processing_started_at),
                plain_field(self.completed_at),
                plain_field(self.failed_at),
                plain_field(self.canceled_at),
            )
        )


def fold(earlier: Move, later: Move) -> Move:
    """Both changes as one. Raises DriftError if the later does not follow the earlier by one version."""
    if later.expects != earlier.version:
        raise DriftError(f"version {later.version} follows version {earlier.version}")
    return Move(
        expects=earlier.expects,
        version=later.version,
        status=later.status,
        updated_at=later.updated_at,
        reason=later.reason,
        due_at=later.due_at,
        failure_code=later.failure_code,
        failure_reason=later.failure_reason,
        provider=_newer(earlier.provider, later.provider),
        attempt_count=_newer(earlier.attempt_count, later.attempt_count),
        inquiry_count=_newer(earlier.inquiry_count, later.inquiry_count),
        processing_started_at=_newer(later.processing_started_at, earlier.processing_started_at),
        completed_at=_newer(earlier.completed_at, later.completed_at),
        failed_at=_newer(earlier.failed_at, later.failed_at),
        canceled_at=_newer(earlier.canceled_at, later.canceled_at),
    )


def _newer(fallback: T | None, value: T | None) -> T | None:
    return fallback if value is None else value

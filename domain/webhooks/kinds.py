"""The closed list of event types that webhooks carry, each with its version (WHK-01).

Owns the names and which of them a subscription means. A type is never changed in meaning: a new meaning is a new version beside the old
one. Must not know who subscribed.
"""

from collections.abc import Iterable

from schemas.words import PayoutStatus

UPDATED = "payout.updated.v1"
BATCH_OPENED = "batch.opened.v1"
BATCH_RELEASED = "batch.released.v1"
BATCH_REFUSED = "batch.refused.v1"
BATCH_CANCELED = "batch.canceled.v1"
BATCH_STOPPED = "batch.stopped.v1"
BATCH_PROGRESS = "batch.progress.v1"
BALANCE_UPDATED = "balance.updated.v1"
TEST = "webhook.test.v1"
"""Only sent on request; nobody subscribes to it."""


def of_status(status: PayoutStatus) -> str:
    """The type that tells that a payout is in this state now."""
    return f"payout.{status.value}.v1"


KINDS = (
    *(of_status(status) for status in PayoutStatus),
    UPDATED,
    BATCH_OPENED,
    BATCH_RELEASED,
    BATCH_REFUSED,
    BATCH_CANCELED,
    BATCH_STOPPED,
    BATCH_PROGRESS,
    BALANCE_UPDATED,
)
GROUPS = ("payout.*", "batch.*", "balance.*")
"""A group means all its types, also those of later versions."""


def subscribes(chosen: Iterable[str], kind: str) -> bool:
    """Whether an endpoint that chose these types and groups is told of `kind`; one that chose none is told everything."""
    wanted = tuple(chosen)
    return not wanted or kind in wanted or f"{kind.partition('.')[0]}.*" in wanted

"""The feed's messages, typed. Members and types that this version does not know are ignored or given as they are (docs/feed.md).

Owns names and types only. Amounts are decimal text and integers of minor units; times are RFC 3339 text in UTC.
"""

from typing import Any

import msgspec
from msgspec import Struct

from payflow.client.forms import Batch, CurrencyBalance, Payout


class Hello(Struct, frozen=True, kw_only=True):
    """The first message: the version, limits, and whether one is signed in."""

    v: int
    time: str
    limits: dict[str, float]
    signed_in: bool = True


class Subscribed(Struct, frozen=True, kw_only=True):
    """A channel is followed from `cursor`; `resumed` says that it goes on behind the cursor that was sent."""

    channel: str
    cursor: str
    resumed: bool


class Snapshot(Struct, frozen=True, kw_only=True):
    """The state at `cursor`: a payout, or up to 200 rows (`more`: there are others)."""

    channel: str
    cursor: str
    payout: Payout | None = None
    rows: list[Payout] = []
    more: bool = False


class PayoutChange(Struct, frozen=True, kw_only=True):
    """A payout's whole moving state at a version: to take it twice does no harm."""

    id: str
    merchant_id: str
    version: int
    status: str
    amount: str
    amount_minor: int
    currency: str
    updated_at: str
    batch_id: str | None = None
    row: int | None = None
    reference: str | None = None
    reason: str | None = None
    waits_until: str | None = None
    attempt_count: int = 0
    provider: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference_id: str | None = None


class Left(Struct, frozen=True, kw_only=True):
    """A row that is not, or no longer, what the channel's filters want."""

    id: str
    version: int


class Changes(Struct, frozen=True, kw_only=True):
    """Changes in the order of the log, `cursor` behind the last. `folded`: so many were left out for newer ones of their rows."""

    channel: str
    cursor: str
    changes: list[PayoutChange]
    left: list[Left] = []
    folded: int = 0


class BatchState(Struct, frozen=True, kw_only=True):
    """The batch as it stands."""

    channel: str
    cursor: str
    batch: Batch


class Balances(Struct, frozen=True, kw_only=True):
    """A merchant's balances."""

    balances: list[CurrencyBalance]


class BalanceState(Struct, frozen=True, kw_only=True):
    """The merchant's balances as they stand."""

    channel: str
    cursor: str
    balance: Balances


class ProvidersState(Struct, frozen=True, kw_only=True):
    """Providers and what each has under way, as `GET /api/v1/providers/` tells it."""

    channel: str
    cursor: str
    providers: dict[str, Any]


class OpsState(Struct, frozen=True, kw_only=True):
    """The operation as a whole, as `GET /api/v1/operations/` tells it."""

    channel: str
    cursor: str
    ops: dict[str, Any]


class Heartbeat(Struct, frozen=True, kw_only=True):
    """The server's time, the views' position by partition, and how old they are."""

    time: str
    position: dict[str, int] = {}
    lag_ms: int = 0


class Bookmark(Struct, frozen=True, kw_only=True):
    """Nothing happened on the channel up to this cursor."""

    channel: str
    cursor: str


class Reset(Struct, frozen=True, kw_only=True):
    """The cursor that was sent is too old: a snapshot follows."""

    channel: str
    cursor: str
    code: str
    detail: str


class Gap(Struct, frozen=True, kw_only=True):
    """So many changes were dropped for a reader that was too slow; `resume` is where to go on to have them all the same."""

    channel: str
    cursor: str
    resume: str
    dropped: int


class Bye(Struct, frozen=True, kw_only=True):
    """The server closes: too slow (4008), a planned restart (1012), or the credential has ended (4401)."""

    code: int
    reason: str
    resume: dict[str, str] = {}
    retry_after_ms: int = 0


class Other(Struct, frozen=True, kw_only=True):
    """A message of another type, as it came."""

    message: dict[str, Any]


Message = (
    Hello
    | Subscribed
    | Snapshot
    | Changes
    | BatchState
    | BalanceState
    | ProvidersState
    | OpsState
    | Heartbeat
    | Bookmark
    | Reset
    | Gap
    | Bye
    | Other
)

KINDS: dict[str, type[Message]] = {
    "hello": Hello,
    "subscribed": Subscribed,
    "snapshot": Snapshot,
    "changes": Changes,
    "batch": BatchState,
    "balance": BalanceState,
    "providers": ProvidersState,
    "ops": OpsState,
    "heartbeat": Heartbeat,
    "bookmark": Bookmark,
    "reset": Reset,
    "gap": Gap,
    "bye": Bye,
}


def typed(message: dict[str, Any]) -> Message:
    """A message by its `type`. Raises msgspec.ValidationError for one that is not what docs/feed.md says."""
    kind = KINDS.get(str(message.get("type")))
    if kind is None:
        return Other(message=message)
    found: Message = msgspec.convert(message, kind)
    return found

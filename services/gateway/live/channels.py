"""Channels: what can be followed, and the snapshot that a new follower begins with (LIV-03, LIV-05).

Owns the names of channels and who may follow one. Must not send.
"""

from typing import Any

from msgspec import Struct

from runtime.http_problems import ProblemError
from schemas.ids import is_merchant_id, is_uuid
from schemas.topics import partition_of
from services.gateway import rows
from services.gateway.filters import Conditions, Paging
from services.gateway.live.cursor import Cursor
from services.gateway.store import Store

SNAPSHOT_ROWS = 200
HINT = "channels are batch:<id>, payout:<id>, payouts:<merchant id> and merchant:<id>:balance"


class Channel(Struct, frozen=True):
    """A parsed channel name and the merchant it belongs to."""

    name: str
    kind: str
    subject: str
    merchant_id: str


class ChannelError(Exception):
    """A subscription is refused: `code` and a text with the remedy."""

    def __init__(self, code: str, detail: str) -> None:
        """Keeps both."""
        super().__init__(detail)
        self.code, self.detail = code, detail


async def resolve(store: Store, name: str, merchant: str | None) -> Channel:
    """The channel of this name if it exists and `merchant` (None: any) may follow it. Raises ChannelError."""
    kind, subject = _parse(name)
    owner = await _owner(store, kind, subject)
    if owner is None or merchant not in {None, owner}:
        raise ChannelError("not_found", "There is no such thing here.")
    return Channel(name, kind, subject, owner)


def _parse(name: str) -> tuple[str, str]:
    parts = name.split(":") if len(name) <= 128 else []
    match parts:
        case ["batch" | "payout" as kind, subject] if is_uuid(subject.lower()):
            return kind, subject.lower()
        case ["payouts", subject] if is_merchant_id(subject):
            return "payouts", subject
        case ["merchant", subject, "balance"] if is_merchant_id(subject):
            return "balance", subject
    raise ChannelError("validation_error", HINT)


async def _owner(store: Store, kind: str, subject: str) -> str | None:
    if kind in {"payouts", "balance"}:
        row = await store.merchant(subject)
        return subject if row else None
    row = await (store.batch(subject) if kind == "batch" else store.payout(subject))
    return str(row["merchant_id"]) if row else None


async def start(store: Store, channel: Channel, partitions: int) -> Cursor:
    """The position that the views hold now: a snapshot read after it is at least as new."""
    partition = partition_of(channel.merchant_id, partitions)
    return Cursor(partition, await store.position(partition))


async def snapshot(store: Store, channel: Channel, *, with_rows: bool) -> dict[str, Any]:
    """What stands there now. Of a batch's or a merchant's rows at most SNAPSHOT_ROWS; the rest is read by REST."""
    match channel.kind:
        case "payout":
            row = await store.payout(channel.subject)
            return {"payout": rows.payout(row) if row else None}
        case "batch" if with_rows:
            found = await store.rows_of(channel.subject, Conditions(), None, SNAPSHOT_ROWS)
            return {"rows": [rows.payout(row) for row in found[:SNAPSHOT_ROWS]], "more": len(found) > SNAPSHOT_ROWS}
        case "payouts" if with_rows:
            wanted = Conditions()
            wanted.add("p.merchant_id = %s", channel.subject)
            found = await store.payouts(wanted, Paging(limit=SNAPSHOT_ROWS))
            return {"rows": [rows.payout(row) for row in found[:SNAPSHOT_ROWS]], "more": len(found) > SNAPSHOT_ROWS}
    return {}


def check_resume(cursor: Cursor, now: Cursor) -> None:
    """A cursor to resume from must be of this channel's partition and not from the future (LIV-07). Raises ChannelError."""
    if cursor.partition != now.partition:
        raise ChannelError("cursor_foreign", "This cursor belongs to another channel; subscribe without it.")
    if cursor > now:
        raise ChannelError("cursor_from_future", "This cursor is ahead of the log; subscribe without it.")


def unavailable(error: ProblemError) -> ChannelError:
    """The views are away."""
    return ChannelError(error.entry.code, error.detail)

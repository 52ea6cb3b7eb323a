"""Channels: what can be followed, and the snapshot that a new follower begins with (LIV-03, LIV-05, LIV-07).

Owns the names of channels, whose they are, and which cursors fit one. Must not send, or know who asks.
"""

from typing import Any

from msgspec import Struct

from runtime.http_problems import ProblemError
from schemas.errors import REGISTRY
from schemas.ids import is_merchant_id, is_uuid
from schemas.topics import partition_of
from services.gateway import rows
from services.gateway.filters import Conditions, Paging
from services.gateway.live import selection
from services.gateway.live.cursor import ALL, Cursor, Resume, told
from services.gateway.live.selection import Selection
from services.gateway.live.subscription import OVERVIEWS
from services.gateway.store import Store

SNAPSHOT_ROWS = 200
NAME_MAX = 1200
HINT = "channels are batch:<id>, payout:<id>, payouts, payouts:<merchant id> (both with ?filters), merchant:<id>:balance, providers and ops"


class Channel(Struct, frozen=True):
    """A parsed channel name and the merchant it belongs to; ALL for all of them."""

    name: str
    kind: str
    subject: str
    owner: str
    selection: Selection | None = None

    @property
    def merchant(self) -> str | None:
        """The one merchant; None for all."""
        return None if self.owner == ALL else self.owner

    def partitions(self, count: int) -> list[int]:
        """The partitions that it is told from."""
        return list(range(count)) if self.owner == ALL else [partition_of(self.owner, count)]


class ChannelError(Exception):
    """A subscription is refused: a registered `code` and a text with the remedy."""

    def __init__(self, code: str, detail: str) -> None:
        """Keeps both."""
        super().__init__(detail)
        self.code, self.detail = code, detail

    @property
    def status(self) -> int:
        """What REST would answer."""
        return REGISTRY[self.code].status


def refused(problem: ProblemError) -> ChannelError:
    """A problem as the answer to one subscription."""
    return ChannelError(problem.entry.code, problem.detail)


async def resolve(store: Store, name: str, merchant: str | None) -> Channel:
    """The channel of this name if it exists and is `merchant`'s (None: anybody's). Raises ChannelError."""
    kind, subject, chosen = _parse(name)
    if kind in OVERVIEWS:
        return Channel(name, kind, ALL, ALL)
    if kind == "payouts" and subject == "":
        subject = merchant or ALL
    owner = ALL if subject == ALL else await _owner(store, kind, subject)
    if owner is None or merchant not in {None, owner}:
        raise ChannelError("not_found", "There is no such thing here.")
    return Channel(name, kind, subject, owner, chosen)


def _parse(name: str) -> tuple[str, str, Selection | None]:
    head, asked, filters = name.partition("?") if len(name) <= NAME_MAX else ("", "", "")
    match head.split(":"):
        case ["payouts"]:
            return "payouts", "", _selected(filters)
        case ["payouts", subject] if is_merchant_id(subject):
            return "payouts", subject, _selected(filters)
        case ["batch" | "payout" as kind, subject] if is_uuid(subject.lower()) and not asked:
            return kind, subject.lower(), None
        case ["merchant", subject, "balance"] if is_merchant_id(subject) and not asked:
            return "balance", subject, None
        case ["providers" | "ops" as kind] if not asked:
            return kind, ALL, None
    raise ChannelError("validation_error", HINT)


def _selected(filters: str) -> Selection | None:
    try:
        return selection.read(filters)
    except ProblemError as error:
        raise refused(error) from None


async def _owner(store: Store, kind: str, subject: str) -> str | None:
    if kind in {"payouts", "balance"}:
        row = await store.merchant(subject)
        return subject if row else None
    row = await (store.batch(subject) if kind == "batch" else store.payout(subject))
    return str(row["merchant_id"]) if row else None


async def start(store: Store, channel: Channel, partitions: int) -> list[Cursor]:
    """The positions that the views hold now: a snapshot read after it is at least as new."""
    wanted = channel.partitions(partitions)
    if len(wanted) == 1:
        return [Cursor(wanted[0], await store.position(wanted[0]))]
    found = await store.positions()
    return [Cursor(partition, found.get(partition, 0)) for partition in wanted]


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
            found = await store.payouts(_wanted(channel), Paging(limit=SNAPSHOT_ROWS))
            return {"rows": [rows.payout(row) for row in found[:SNAPSHOT_ROWS]], "more": len(found) > SNAPSHOT_ROWS}
    return {}


def _wanted(channel: Channel) -> Conditions:
    wanted = channel.selection.conditions if channel.selection is not None else Conditions()
    if channel.merchant is not None:
        wanted.add("p.merchant_id = %s", channel.merchant)
    return wanted


def check_resume(resume: Resume, channel: Channel, now: list[Cursor]) -> list[Cursor]:
    """The places to go on from, one for each partition of the channel.

    A cursor of another channel's merchant, or of other partitions, is refused; so is one from the future (LIV-07). Raises ChannelError.
    """
    stands = {cursor.partition: cursor for cursor in now}
    if (resume.owner or channel.owner) != channel.owner or not resume.places.keys() <= stands.keys():
        raise ChannelError("cursor_foreign", "This cursor belongs to another channel or merchant; subscribe without it.")
    if any(cursor > stands[partition] for partition, cursor in resume.places.items()):
        raise ChannelError("cursor_from_future", "This cursor is ahead of the log; subscribe without it.")
    if resume.places.keys() != stands.keys():
        raise ChannelError("cursor_invalid", "This cursor lacks partitions; send the whole of it, or subscribe without it.")
    return [resume.places[partition] for partition in stands]


def is_too_old(places: list[Cursor], now: list[Cursor], most: int) -> bool:
    """Whether more than `most` places of the log lie between: then a snapshot is less than what was missed."""
    return sum(end.offset - start.offset for start, end in zip(places, now, strict=True)) > most


def text(channel: Channel, places: list[Cursor]) -> str:
    """The cursor of these places as the client keeps it."""
    return told(places, channel.owner)

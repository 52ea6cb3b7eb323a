"""One client's transcript of the feed, over all its sessions, held against the changes that its channels owe.

Owns cursors, subscriptions and what each message must be. Must not know how the owed changes came about.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from checker.evidence import Evidence
from checker.money import minor
from checker.verdict import Findings

AWAY = frozenset({500, 502, 503, 504})

Edit = tuple[int, int, str]
"""Version, minor units and currency after an edit."""
Cursor = tuple[int, int, int]
"""Partition, offset, index: the next change wanted."""


class Told(NamedTuple):
    """A change as a channel should tell it."""

    at: Cursor
    payout: str
    version: int
    status: str
    attempt: int
    failure_code: str | None
    reason: str | None = None
    bank_reference: str | None = None
    amount: int = 0
    currency: str = ""
    merchant: str = ""
    reference: str | None = None
    batch: str | None = None
    row: int | None = None
    edits: Sequence[Edit] = ()

    def amounts(self) -> Iterator[tuple[int, str]]:
        """The amount at this version, and those that later edits gave it: the row behind a change may be newer, never older."""
        yield self.amount, self.currency
        yield from ((amount, currency) for version, amount, currency in self.edits if version > self.version)


class Subscription:
    """One channel of one session: what is owed next."""

    def __init__(self, channel: str, cursor: Cursor, owed: list[Told]) -> None:
        """`owed` are all changes of the channel."""
        self.channel, self.cursor, self.owed = channel, cursor, owed
        self.next = bisect_left(owed, cursor, key=lambda change: change.at)


class Transcript:
    """One client's transcript, over all its sessions."""

    def __init__(self, evidence: Evidence, found: Findings, owed: Callable[[str], list[Told]], name: str) -> None:
        """Nothing read yet. `owed` gives all changes of a channel, in order."""
        self._evidence, self._found, self._owed, self._name = evidence, found, owed, name
        self._open: dict[str, Subscription] = {}
        self._cursors: dict[str, Cursor] = {}
        self._asked: set[str] = set()
        self._resumes: dict[str, list[Cursor | None]] = {}

    def read(self) -> None:
        """Line by line."""
        for line, row in enumerate(self._evidence.rows(self._name) or (), 1):
            where = f"{self._name}.jsonl:{line}"
            match row.get("dir"):
                case "open" | "close":
                    self._open.clear()
                    self._resumes.clear()
                case "out":
                    self._ask(row.get("message") or {})
                case "in":
                    self._hear(where, row.get("message") or {})
                case "read":
                    self._judge_read(where, row.get("message") or row)
        self._judge_end()

    def _ask(self, message: dict[str, Any]) -> None:
        """Where the client wants to go on; it may go back on purpose."""
        wanted = parse(message.get("resume"))
        if message.get("type") == "subscribe":
            self._asked.add(str(message.get("channel")))
            self._resumes.setdefault(str(message.get("channel")), []).append(wanted)
        if message.get("type") == "unsubscribe":
            self._asked.discard(str(message.get("channel")))
            self._open.pop(str(message.get("channel")), None)
        if message.get("type") == "subscribe" and wanted is not None:
            self._cursors[str(message.get("channel"))] = wanted

    def _hear(self, where: str, message: dict[str, Any]) -> None:
        kind, channel = message.get("type"), str(message.get("channel"))
        if kind == "subscribed":
            self._subscribe(where, message, channel)
        elif kind == "error":
            self._open.pop(channel, None)
            self._resumed(channel)
        elif channel not in self._open:
            if kind in {"changes", "snapshot", "batch", "balance"}:
                self._found.fail(where, f"{kind} of {channel}, which is not subscribed")
        elif kind == "changes":
            self._hear_changes(where, message, self._open[channel])
        elif kind == "snapshot":
            self._judge_snapshot(where, message, self._open[channel])
        if channel in self._open and message.get("cursor") is not None:
            self._advance(where, message, self._open[channel])

    def _subscribe(self, where: str, message: dict[str, Any], channel: str) -> None:
        cursor = parse(message.get("cursor"))
        if cursor is None:
            self._found.fail(where, f"the cursor {message.get('cursor')!r} is none")
            return
        wanted = self._resumed(channel)
        if wanted is not None:
            right = message.get("resumed") is True and cursor == wanted
            self._found.need(right, where, f"{channel} was to go on at {wanted}, it does at {cursor}")
        elif message.get("resumed") and channel in self._cursors and cursor != self._cursors[channel]:
            self._found.fail(where, f"{channel} goes on at {cursor}, the client stood at {self._cursors[channel]}")
        self._asked.add(channel)
        self._open[channel] = Subscription(channel, cursor, self._owed(channel))

    def _resumed(self, channel: str) -> Cursor | None:
        """Where the request that is answered now wanted to go on; None if it did not say, or if it is not sure which one that is."""
        waiting = self._resumes.get(channel) or [None]
        sure = len(waiting) == 1
        wanted = waiting.pop(0)
        return wanted if sure else None

    def _hear_changes(self, where: str, message: dict[str, Any], at: Subscription) -> None:
        for change in message.get("changes") or ():
            self._found.look()
            owed = at.owed[at.next] if at.next < len(at.owed) else None
            if owed is None:
                self._found.fail(where, f"{at.channel}: {_spoken(change)}, but the log has no further change")
                return
            if not _is(change, owed):
                self._found.fail(
                    where,
                    f"{at.channel}: {_spoken(change)}, next is {owed.payout} v{owed.version} {owed.status} ({_differing(change, owed)})",
                )
                at.next = _behind(at, change)
            else:
                at.next += 1

    def _advance(self, where: str, message: dict[str, Any], at: Subscription) -> None:
        cursor = parse(message["cursor"])
        if cursor is None or cursor[0] != at.cursor[0] or cursor < at.cursor:
            self._found.fail(where, f"{at.channel}: cursor {message['cursor']!r} after {at.cursor}")
            return
        at.cursor = self._cursors[at.channel] = cursor
        if at.next < len(at.owed) and at.owed[at.next].at < cursor:
            missed = at.owed[at.next]
            self._found.fail(
                where, f"{at.channel}: the cursor {cursor} passes {missed.payout} v{missed.version}, never told"
            )
            at.next = bisect_left(at.owed, cursor, key=lambda change: change.at)

    def _judge_snapshot(self, where: str, message: dict[str, Any], at: Subscription) -> None:
        """A snapshot is at least as new as its cursor."""
        shown = [row for row in [message.get("payout"), *(message.get("rows") or ())] if isinstance(row, dict)]
        known = {change.payout: change.version for change in at.owed[: at.next]}
        for row in shown:
            version = known.get(str(row.get("id")), 0)
            self._found.need(
                row.get("version", 0) >= version,
                where,
                f"{row.get('id')} is at v{row.get('version')}, the cursor at v{version}",
            )

    def _judge_read(self, where: str, read: dict[str, Any]) -> None:
        status, version, wanted = read.get("status"), read.get("version"), read.get("for_version")
        if status is None or status in AWAY:
            return
        right = status == 200 and isinstance(version, int) and isinstance(wanted, int) and version >= wanted
        self._found.need(right, where, f"{read.get('path')} answers {status} v{version}, the feed had told v{wanted}")

    def _judge_end(self) -> None:
        """At rest every channel that was asked for is followed, and has told everything."""
        self._found.need(bool(self._asked), self._name, "asks for no channel")
        for channel in sorted(self._asked):
            at = self._open.get(channel)
            if not self._found.need(at is not None, self._name, f"{channel} is not followed when the transcript ends"):
                continue
            if at is not None and at.next < len(at.owed) and not channel.startswith("merchant:"):
                missed = at.owed[at.next]
                self._found.fail(self._name, f"{channel}: {missed.payout} v{missed.version} was never told")


def parse(text: object) -> Cursor | None:
    """A cursor of one partition from its text, with or without whose it is (`@demo`), or None."""
    parts = text.partition("@")[0].split(":") if isinstance(text, str) else []
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def _is(change: dict[str, Any], owed: Told) -> bool:
    """Whether a told change is the owed one, in all that it says of it; a batch's shortened changes name rows, not ids."""
    told = (change.get("id", owed.payout), change.get("version"), change.get("status"))
    if told != (owed.payout, owed.version, owed.status):
        return False
    return _differing(change, owed) is None


SHOWN: tuple[tuple[str, str], ...] = (
    ("failure_code", "failure_code"),
    ("reason", "reason"),
    ("attempt_count", "attempt"),
    ("bank_reference_id", "bank_reference"),
    ("merchant_id", "merchant"),
    ("reference", "reference"),
    ("batch_id", "batch"),
    ("row", "row"),
)
"""Members of a told change, and what they are in the book at that version."""


def _differing(change: dict[str, Any], owed: Told) -> str | None:
    """The first member that is not as the book has it at that version; a shortened change leaves members out."""
    for member, name in SHOWN:
        if member in change and change[member] != getattr(owed, name):
            return f"{member} {change[member]!r} for {getattr(owed, name)!r}"
    if any(_shows(change, amount, currency) for amount, currency in owed.amounts()):
        return None
    return f"{change.get('amount')} {change.get('currency')} for {owed.amount} {owed.currency} minor units"


def _shows(change: dict[str, Any], amount: int, currency: str) -> bool:
    """Whether a change tells this amount, in every way in which it tells one."""
    told = change.get("amount_minor", amount), change.get("currency", currency)
    return told == (amount, currency) and ("amount" not in change or minor(change["amount"], currency) == amount)


def _behind(at: Subscription, change: dict[str, Any]) -> int:
    """Where to go on after a wrong change: behind it, if it is one of the channel's, so that one fault is told once."""
    for place in range(at.next, len(at.owed)):
        if _is(change, at.owed[place]):
            return place + 1
    return at.next


def _spoken(change: dict[str, Any]) -> str:
    return f"{change.get('id')} v{change.get('version')} {change.get('status')}"

"""The book: everything the log says, as of the last record taken in.

Owns accounts, holds, keys and positions. How each kind of event changes it is in `births` and `moves`. Must not judge.
"""

from checker.evidence import Record
from checker.fold.names import Json
from checker.fold.state import Account, Batch, Change, Key, Payout


class Book:
    """Everything as of the last record taken in."""

    def __init__(self) -> None:
        """Empty."""
        self.payouts: dict[str, Payout] = {}
        self.batches: dict[str, Batch] = {}
        self.accounts: dict[tuple[str, str, str], Account] = {}
        self.holds: dict[tuple[str, str], int] = {}
        self.keys: dict[tuple[str, str], Key] = {}
        self.merchants: dict[str, Json] = {}
        self.bank_accounts: dict[tuple[str, str], Json] = {}
        self.credits: dict[tuple[str, str], Json] = {}
        self.references: dict[tuple[str, str], str] = {}
        self.waiting: dict[tuple[str, str], int] = {}
        self.positions: dict[int, tuple[int, int, int]] = {}
        self.changes: list[Change] = []
        """Of the record taken in last."""
        self._idx = 0

    def balance(self, merchant: str, currency: str, account: str) -> int:
        """Minor units on one account."""
        found = self.accounts.get((merchant, currency, account))
        return found.balance if found else 0

    def begin(self) -> None:
        """A new record: its changes are counted from 0."""
        self.changes, self._idx = [], 0

    def post(self, record: Record, event: Json) -> None:
        """An event's postings reach their accounts."""
        for posting in event.get("postings") or ():
            place = (record.value["merchant_id"], posting["currency"], posting["account"])
            account = self.accounts.setdefault(place, Account())
            account.balance += posting["amount_minor"]
            account.entries += 1
            account.last_offset = record.offset

    def end(self, record: Record) -> None:
        """After a record's events: its key and its place."""
        value = record.value
        kept, answer = value.get("remember"), value.get("answer") or {}
        if kept:
            self.keys[value["merchant_id"], kept["key"]] = Key(
                kept["content_hash"],
                kept["expires_at"],
                value.get("subject"),
                answer.get("status"),
                answer.get("body"),
                answer.get("version"),
                record.partition,
                record.offset,
            )
        self.positions[record.partition] = (record.offset + 1, value["source_offset"] + 1, value["at"])

    def touch(self, record: Record, event: Json) -> Batch | None:
        """The batch that an event names, if it is there, was touched by this record."""
        batch = self.batches.get(event.get("batch_id") or "")
        if batch is not None:
            batch.updated_at, batch.last_offset = record.value["at"], record.offset
        return batch

    def hold(self, payout: Payout, amount: int) -> None:
        """The money set aside for a payout is now `amount`."""
        place = (payout.merchant, payout.currency)
        self.holds[place] = self.holds.get(place, 0) + amount - payout.hold
        payout.hold = amount

    def wait(self, payout: Payout, step: int) -> None:
        """One more or one less waits for funds."""
        place = (payout.merchant, payout.currency)
        self.waiting[place] = self.waiting.get(place, 0) + step

    def change(self, payout: Payout, **told: object) -> None:
        """A line of history."""
        self.changes.append(
            Change(self._idx, payout.id, payout.batch, payout.version, payout.status, payout.reason, **told)  # type: ignore[arg-type]
        )
        self._idx += 1

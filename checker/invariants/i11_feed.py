"""I11: the feed has neither gap nor repeat from its cursor on, and is never ahead of what REST answers.

Owns the comparison of every transcript with the changes that the log gives for its channels, and of GETs made on receipt.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json, row_id
from checker.fold.walk import Watcher, walk
from checker.invariants.i11_transcript import Edit, Told, Transcript
from checker.verdict import Verdict

NO_EDITS: list[Edit] = []


class Feed(Watcher):
    """Collects the changes of all followed channels, then reads the transcripts."""

    name = "I11"

    def __init__(self, evidence: Evidence) -> None:
        """Finds out which channels were followed."""
        super().__init__(evidence)
        self._edits: dict[str, list[Edit]] = {}
        self._changes: dict[str, list[Told]] = {channel: [] for channel in _followed(evidence)}
        if not evidence.feeds:
            self.found.lack("there is no feed transcript")

    def recorded(self, book: Book, record: Record) -> None:
        """What a record tells each channel."""
        for event in record.value["events"]:
            self._note_form(event, record.value["merchant_id"])
        for change in book.changes:
            at = (record.partition, record.offset, change.idx)
            payout, merchant = book.payouts[change.payout], record.value["merchant_id"]
            edits = self._edits.get(change.payout, NO_EDITS)
            told = Told(
                at, change.payout, change.version, change.status, change.attempt, change.failure_code, change.reason,
                change.bank_reference, payout.amount, payout.currency, merchant, payout.reference, payout.batch, payout.row, edits,
            )  # fmt: skip
            for channel in (f"payout:{change.payout}", f"batch:{change.batch}", f"payouts:{merchant}"):
                if channel in self._changes:
                    self._changes[channel].append(told)

    def _note_form(self, event: Json, merchant: str) -> None:
        """Amounts that an edit gives later: a change may be told with the amount of a newer version."""
        kind = event.get("type")
        if kind in {"payout_accepted", "rows_added"} and f"payouts:{merchant}" in self._changes:
            first = event.get("first_row", 1)
            born = (
                [event["payout_id"]]
                if kind == "payout_accepted"
                else [row_id(event["batch_id"], row) for row in range(first, first + len(event["rows"]))]
            )
            self._edits.update((payout_id, []) for payout_id in born)
        if kind == "payout_edited":
            edited = (event["version"], event["form"]["amount_minor"], event["form"]["currency"])
            self._edits.setdefault(event["payout_id"], []).append(edited)

    def finish(self, book: Book) -> None:
        """Every transcript."""
        for name in self.evidence.feeds:
            Transcript(self.evidence, self.found, self.owed, name).read()

    def owed(self, channel: str) -> list[Told]:
        """All changes of a channel, in order."""
        return self._changes.get(channel, [])


def _followed(evidence: Evidence) -> set[str]:
    channels = set()
    for name in evidence.feeds:
        for row in evidence.rows(name) or ():
            message = row.get("message")
            if isinstance(message, dict) and message.get("type") == "subscribed":
                channels.add(str(message.get("channel")))
    return channels


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I11."""
    return walk(evidence, [Feed(evidence)])["I11"]

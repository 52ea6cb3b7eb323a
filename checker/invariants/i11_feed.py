"""I11: the feed has neither gap nor repeat from its cursor on, and is never ahead of what REST answers.

Owns the comparison of every transcript with the changes that the log gives for its channels, and of GETs made on receipt.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.walk import Watcher, walk
from checker.invariants.i11_transcript import Told, Transcript
from checker.verdict import Verdict


class Feed(Watcher):
    """Collects the changes of all followed channels, then reads the transcripts."""

    name = "I11"

    def __init__(self, evidence: Evidence) -> None:
        """Finds out which channels were followed."""
        super().__init__(evidence)
        self._changes: dict[str, list[Told]] = {channel: [] for channel in _followed(evidence)}
        if not evidence.feeds:
            self.found.lack("there is no feed transcript")

    def recorded(self, book: Book, record: Record) -> None:
        """What a record tells each channel."""
        for change in book.changes:
            at = (record.partition, record.offset, change.idx)
            told = Told(at, change.payout, change.version, change.status, change.attempt, change.failure_code)
            merchant = record.value["merchant_id"]
            for channel in (f"payout:{change.payout}", f"batch:{change.batch}", f"payouts:{merchant}"):
                if channel in self._changes:
                    self._changes[channel].append(told)

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

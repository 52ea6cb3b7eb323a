"""I12: for one client, a payout's version never goes backwards, and what it is shown is true at that version.

Owns the order of each client's reads: a read that began after another had ended sees at least the same version. What a replayed first
answer says does not count: it is old on purpose (IDM-03).
"""

from typing import Any

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.walk import Watcher, walk
from checker.invariants.i11_transcript import Cursor, parse
from checker.invariants.i12_reads import Reads
from checker.journal import Entry, entries
from checker.verdict import Findings, Verdict

OK = 200


class Monotonic(Watcher):
    """Compares reads with the book on the way, and with each other at the end."""

    name = "I12"

    def __init__(self, evidence: Evidence) -> None:
        """Reads the journal."""
        super().__init__(evidence)
        self._reads = Reads(evidence, self.found)
        if not evidence.has("journal.jsonl"):
            self.found.lack("journal.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """A record comes."""
        self._reads.record(book, record)

    def recorded(self, book: Book, record: Record) -> None:
        """A record is in the book."""
        self._reads.recorded(book, record)

    def finish(self, book: Book) -> None:
        """Every client's reads, and every transcript."""
        self._reads.finish(book)
        by_client: dict[str, list[Entry]] = {}
        for entry in entries(self.evidence):
            if entry.method == "GET" and entry.status == OK:
                by_client.setdefault(str(entry.row.get("client")), []).append(entry)
        for reads in by_client.values():
            _judge_client(self.found, reads)
        for name in self.evidence.feeds:
            _judge_feed(self.found, self.evidence, name)


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I12."""
    return walk(evidence, [Monotonic(evidence)])["I12"]


def _judge_client(found: Findings, reads: list[Entry]) -> None:
    """Reads that ended before another began bind it; those that overlap do not."""
    seen: dict[str, tuple[int, str]] = {}
    ended: list[tuple[int, str, int, str]] = []
    for entry in sorted(reads, key=lambda one: one.began):
        while ended and ended[0][0] <= entry.began:
            _, subject, version, place = ended.pop(0)
            if version > seen.get(subject, (0, ""))[0]:
                seen[subject] = (version, place)
        for subject, version in _versions(entry.answer):
            known, where = seen.get(subject, (0, ""))
            found.need(version >= known, entry.place, f"{subject} is at v{version}, the client saw v{known} at {where}")
            ended.append((entry.ended, subject, version, entry.place))
        ended.sort(key=lambda one: one[0])


def _versions(answer: Any) -> list[tuple[str, int]]:
    """(id, version) of everything in an answer that has both."""
    if not isinstance(answer, dict):
        return []
    shown = [answer, *(answer.get("results") or ())] if isinstance(answer.get("results"), list) else [answer]
    return [
        (str(row["id"]), row["version"])
        for row in shown
        if isinstance(row, dict) and "id" in row and isinstance(row.get("version"), int)
    ]


def _judge_feed(found: Findings, evidence: Evidence, name: str) -> None:
    """Changes of one channel, over all sessions of the client; a new snapshot, or going back on purpose, begins anew."""
    seen: dict[tuple[str, str], int] = {}
    cursors: dict[str, Cursor] = {}
    for line, row in enumerate(evidence.rows(name) or (), 1):
        message = row.get("message")
        if row.get("dir") != "in" or not isinstance(message, dict):
            continue
        channel = str(message.get("channel"))
        if message.get("type") == "snapshot" or _goes_back(message, cursors.get(channel)):
            seen = {place: version for place, version in seen.items() if place[0] != channel}
        for change in message.get("changes") or ():
            place, version = (channel, str(change.get("id", change.get("row")))), change.get("version") or 0
            known = seen.get(place, 0)
            found.need(version > known, f"{name}.jsonl:{line}", f"{place[1]} goes from v{known} to v{version}")
            seen[place] = max(known, version)
        cursors[channel] = parse(message.get("cursor")) or cursors.get(channel, (0, 0, 0))


def _goes_back(message: dict[str, Any], last: Cursor | None) -> bool:
    """A client may ask for what it had already."""
    cursor = parse(message.get("cursor"))
    return message.get("type") == "subscribed" and cursor is not None and last is not None and cursor < last

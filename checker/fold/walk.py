"""One walk over the log for all who watch: each record is shown before and after it is taken into the book.

Owns the order (the dump's: by partition, then offset) and that damaged records are shown, not taken in. Must not judge.
"""

from collections.abc import Sequence

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.folding import apply
from checker.fold.names import Json, events_of
from checker.verdict import Findings, Verdict


class Watcher:
    """An invariant that is judged along the log. Subclasses look; the book moves between before() and after()."""

    name = ""

    def __init__(self, evidence: Evidence) -> None:
        """`evidence` for what stands beside the log."""
        self.evidence = evidence
        self.found = Findings()
        if not evidence.has("events.committed.jsonl"):
            self.found.lack("events.committed.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """A record comes; nothing of it is in the book yet."""

    def before(self, book: Book, record: Record, event: Json) -> None:
        """An event comes."""

    def after(self, book: Book, record: Record, event: Json) -> None:
        """The event is in the book."""

    def recorded(self, book: Book, record: Record) -> None:
        """All of the record is in the book."""

    def damaged(self, record: Record, why: str) -> None:
        """A record could not be read or taken in: what is folded behind it proves nothing."""
        self.found.lack(f"{record.place} {why}")

    def finish(self, book: Book) -> None:
        """The log has ended."""


def walk(evidence: Evidence, watchers: Sequence[Watcher]) -> dict[str, Verdict]:
    """Show the log to all; name to verdict."""
    book = Book()
    for record in evidence.records("events.committed"):
        _show(book, record, watchers)
    for watcher in watchers if evidence.has("events.committed.jsonl") else ():
        watcher.finish(book)
    return {watcher.name: watcher.found.verdict() for watcher in watchers}


def _show(book: Book, record: Record, watchers: Sequence[Watcher]) -> None:
    if not isinstance(record.value, dict):
        _damaged(record, "is no JSON object", watchers)
        return
    try:
        for watcher in watchers:
            watcher.record(book, record)
        book.begin()
        for event in events_of(record.value):
            for watcher in watchers:
                watcher.before(book, record, event)
            apply(book, record, event)
            for watcher in watchers:
                watcher.after(book, record, event)
        book.end(record)
        for watcher in watchers:
            watcher.recorded(book, record)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        _damaged(record, f"has not the published form ({type(error).__name__} {error})", watchers)


def _damaged(record: Record, why: str, watchers: Sequence[Watcher]) -> None:
    for watcher in watchers:
        watcher.damaged(record, why)

"""I9: one event record per command record, in order, none skipped and none twice; the views stand right behind the last.

Owns offsets: source offsets on the events topic, holes of the dump (only control records and aborted ones), projection_offsets.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.commands import Commands
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict


class Offsets(Watcher):
    """Counts offsets along the log, beside the commands and beside the uncommitted dump."""

    name = "I9"

    def __init__(self, evidence: Evidence) -> None:
        """Everything at its beginning."""
        super().__init__(evidence)
        self._next: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._homes: dict[str, int] = {}
        self._commands = Commands(evidence)
        self._all = evidence.records("events.uncommitted")
        self._other = next(self._all, None)
        for name in ("commands", "events.uncommitted"):
            if not evidence.has(f"{name}.jsonl"):
                self.found.lack(f"{name}.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """One event record."""
        value, source = record.value, record.value.get("source_offset")
        expected = self._next.get(record.partition, 0)
        self.found.need(source == expected, record.place, f"names source offset {source}, {expected} is next")
        self._next[record.partition] = (source if isinstance(source, int) else expected) + 1
        if record.offset <= self._last.get(record.partition, -1):
            self.found.fail(record.place, "stands behind a later offset")
        self._last[record.partition] = record.offset
        if record.headers.get("src") != str(source) or record.headers.get("cmd") != value.get("command_id"):
            self.found.fail(record.place, f"its headers {record.headers} are not its own")
        if record.key != value.get("merchant_id"):
            self.found.fail(record.place, f"has the key {record.key!r}, its merchant is {value.get('merchant_id')!r}")
        self._at_home(record)
        self._beside_command(record)
        self._in_all(record)

    def _at_home(self, record: Record) -> None:
        if record.value.get("command_type") == "unreadable":
            return
        home = self._homes.setdefault(str(record.key), record.partition)
        if home != record.partition:
            self.found.fail(record.place, f"merchant {record.key} also has records in partition {home}")

    def _beside_command(self, record: Record) -> None:
        command = self._commands.of(record)
        if command is None:
            self.found.fail(record.place, f"names source offset {record.value.get('source_offset')}, where no command is")
            return
        if record.value.get("command_type") == "unreadable" or not isinstance(command.value, dict):
            return
        asked = (command.value.get("id"), (command.value.get("body") or {}).get("type"), command.value.get("merchant_id"))
        told = (record.value.get("command_id"), record.value.get("command_type"), record.value.get("merchant_id"))
        if asked != told:
            self.found.fail(record.place, f"decides {told}, the command is {asked}")

    def _in_all(self, record: Record) -> None:
        """What is committed is also in the uncommitted dump; what is only there was aborted."""
        here = (record.partition, record.offset)
        while self._other is not None and (self._other.partition, self._other.offset) < here:
            self._other = next(self._all, None)
        if self._other is not None and (self._other.partition, self._other.offset) == here:
            if self._other.value != record.value:
                self.found.fail(record.place, "differs between the two dumps")
            return
        if self.evidence.has("events.uncommitted.jsonl"):
            self.found.fail(record.place, "is in the committed dump only")

    def finish(self, book: Book) -> None:
        """The views' place, and what was said of the ends."""
        for name, (low, high) in (self.evidence.ends.get("events") or {}).items():
            behind = self._last.get(int(name), -1) + 1
            if low or behind > high:
                self.found.fail(f"events/{name}", f"has offsets {low} to {high}, the dump ends at {behind}")
        rows = self.evidence.table("sql", "projection_offsets")
        if rows is None:
            self.found.lack("sql/projection_offsets.jsonl is missing")
            return
        stored = {row["partition"]: (row["next_offset"], row["next_source"], row["last_at"]) for row in rows}
        for partition in sorted(book.positions.keys() | stored.keys()):
            place, wanted = stored.get(partition), book.positions.get(partition, (0, 0, 0))
            self.found.need(
                place == wanted,
                f"sql/projection_offsets {partition}",
                f"(next offset, next source, at) is {place}, the log gives {wanted}",
            )


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I9."""
    return walk(evidence, [Offsets(evidence)])["I9"]

"""The command behind an event record: both dumps are in order of partition and offset, so they are read side by side.

Owns a place in the dump of commands that only goes forward. Must not judge.
"""

from collections.abc import Iterator

from checker.evidence import Evidence, Record


class Commands:
    """Give commands in the order in which their decisions stand on the log."""

    def __init__(self, evidence: Evidence) -> None:
        """At the beginning of the dump."""
        self._records: Iterator[Record] = evidence.records("commands")
        self._at: Record | None = next(self._records, None)

    def at(self, partition: int, offset: int) -> Record | None:
        """The command at this place; None if there is none, or if the place is behind one that was asked for before."""
        while self._at is not None and (self._at.partition, self._at.offset) < (partition, offset):
            self._at = next(self._records, None)
        if self._at is not None and (self._at.partition, self._at.offset) == (partition, offset):
            return self._at
        return None

    def of(self, event: Record) -> Record | None:
        """The command that an event record names."""
        source = event.value.get("source_offset")
        return self.at(event.partition, source) if isinstance(source, int) else None

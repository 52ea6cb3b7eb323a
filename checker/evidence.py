"""The evidence of a run: files of JSON lines, read again as often as somebody asks.

Owns names and forms of the files, and that a small file is parsed once while a large one is streamed. Must not judge.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

KEPT_BYTES = 8 * 1024 * 1024
"""Files up to this size stay in memory once parsed."""

Row = dict[str, Any]


class Source(Protocol):
    """Where evidence comes from."""

    def document(self, name: str) -> Any:
        """A whole JSON file, or None."""

    def rows(self, name: str) -> Iterator[Row] | None:
        """The lines of a file, or None when it is not there."""

    def names(self, prefix: str) -> list[str]:
        """Files whose name begins so, sorted."""

    def digest(self, name: str) -> str:
        """SHA-256 of a file's bytes."""


class Folder:
    """A run's folder on disk."""

    def __init__(self, path: Path) -> None:
        """`path` holds run.json and the rest."""
        self._path = path
        self._kept: dict[str, list[Row]] = {}

    def document(self, name: str) -> Any:
        """A whole JSON file, or None when it is not there or not JSON."""
        try:
            return json.loads((self._path / name).read_bytes())
        except (OSError, ValueError):
            return None

    def rows(self, name: str) -> Iterator[Row] | None:
        """The lines of a file. A line that is not JSON is a row of its own: {"unreadable_line": n}."""
        path = self._path / name
        if name in self._kept:
            return iter(self._kept[name])
        if not path.is_file():
            return None
        if path.stat().st_size > KEPT_BYTES:
            return self._stream(path)
        self._kept[name] = list(self._stream(path))
        return iter(self._kept[name])

    def _stream(self, path: Path) -> Iterator[Row]:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _parsed(line, number)

    def names(self, prefix: str) -> list[str]:
        """Files whose name begins so, sorted."""
        return sorted(str(path.relative_to(self._path)) for path in self._path.glob(f"{prefix}*") if path.is_file())

    def digest(self, name: str) -> str:
        """SHA-256 of a file's bytes."""
        with (self._path / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _parsed(line: bytes, number: int) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    return row if isinstance(row, dict) else {"unreadable_line": number}


class Memory:
    """Evidence in memory, file name to rows (or to one document): what the tests bend."""

    def __init__(self, files: Mapping[str, Any]) -> None:
        """Nothing is copied."""
        self._files = files

    def document(self, name: str) -> Any:
        """The document of this name, or None."""
        return self._files.get(name)

    def rows(self, name: str) -> Iterator[Row] | None:
        """The rows of this name, or None."""
        found: Sequence[Row] | None = self._files.get(name)
        return None if found is None else iter(found)

    def names(self, prefix: str) -> list[str]:
        """Names that begin so, sorted."""
        return sorted(name for name in self._files if name.startswith(prefix))

    def digest(self, name: str) -> str:
        """SHA-256 of the rows as JSON."""
        return hashlib.sha256(json.dumps(self._files.get(name)).encode()).hexdigest()


class Record(NamedTuple):
    """One record of a topic dump. `value` is None for nothing and for what is not JSON; `raw` are the bytes then."""

    topic: str
    partition: int
    offset: int
    ts: int
    key: str | None
    headers: dict[str, str]
    value: Any
    raw: bytes | None

    @property
    def place(self) -> str:
        """topic/partition/offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Evidence:
    """All of a run. What is absent is None; whoever needs it says so."""

    def __init__(self, source: Source) -> None:
        """Reads nothing yet."""
        self._source = source

    @cached_property
    def run(self) -> Row | None:
        """run.json."""
        found = self._source.document("run.json")
        return found if isinstance(found, dict) else None

    @cached_property
    def ends(self) -> dict[str, dict[str, list[int]]]:
        """ends.json: topic (commands, events) to partition to [low, high]; empty when absent."""
        found = self._source.document("ends.json")
        return found if isinstance(found, dict) else {}

    @cached_property
    def commands_topic(self) -> str:
        """The name that dead letters give the topic of commands."""
        return str(((self.run or {}).get("topics") or {}).get("commands") or "payouts.commands")

    def document(self, name: str) -> Any:
        """A whole JSON file, or None."""
        return self._source.document(name)

    def has(self, name: str) -> bool:
        """Whether this file is there."""
        return bool(self._source.names(name)) and name in self._source.names(name)

    def records(self, name: str) -> Iterator[Record]:
        """The records of commands, events.committed, events.uncommitted or dead_letters; none when absent."""
        for row in self._source.rows(f"{name}.jsonl") or ():
            raw = row.get("raw")
            yield Record(
                name.partition(".")[0],
                int(row.get("p", -1)),
                int(row.get("o", -1)),
                int(row.get("ts") or 0),
                row.get("key"),
                row.get("headers") or {},
                row.get("value"),
                None if raw is None else base64.b64decode(raw),
            )

    def table(self, side: str, table: str) -> Iterator[Row] | None:
        """Rows of one view; `side` is sql or sql_rebuilt."""
        return self._source.rows(f"{side}/{table}.jsonl")

    def tables(self, side: str) -> list[str]:
        """Names of the views dumped on one side."""
        return [name.split("/")[-1].removesuffix(".jsonl") for name in self._source.names(f"{side}/")]

    def same(self, table: str) -> bool:
        """Whether a table's two dumps are the same bytes."""
        return self._source.digest(f"sql/{table}.jsonl") == self._source.digest(f"sql_rebuilt/{table}.jsonl")

    def rows(self, name: str) -> Iterator[Row] | None:
        """books, journal or faults, line by line."""
        return self._source.rows(f"{name}.jsonl")

    @cached_property
    def feeds(self) -> list[str]:
        """The names of the feed transcripts, without `.jsonl`."""
        return [name.removesuffix(".jsonl") for name in self._source.names("feed.")]

    @cached_property
    def ended_ms(self) -> int | None:
        """When the system was seen quiet, in ms UTC; None if it never was. `quiet_ms` may be a time or a duration after the last fault."""
        run = self.run or {}
        quiet = run.get("quiet_ms")
        if not isinstance(quiet, int):
            return None
        began = run.get("last_fault_ms") or run.get("started_ms") or 0
        return quiet if quiet > 10**12 else began + quiet

"""One partition of a topic as a file: every committed record with offset, time, key, headers and value (RUN-26).

Owns the form of the file, one JSON object a line, and the hash that says whether it is whole. Must not know what a record means.
"""

import asyncio
import base64
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

ASK_SECONDS = 15.0


class Dumped(msgspec.Struct, frozen=True):
    """What a file holds: the first offset that the partition still had, the stable end, and the records between."""

    low: int
    end: int
    records: int
    sha256: str


class Line(msgspec.Struct, frozen=True):
    """One record. `k` and `v` are base64, or None for null."""

    o: int
    t: int
    k: str | None
    v: str | None
    h: list[tuple[str, str]]


class Record(NamedTuple):
    """One record as it was."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class BackupError(Exception):
    """The backup cannot be made, or is not whole; `str(error)` is one line."""


async def dump(consumer: AIOKafkaConsumer, place: TopicPartition, path: Path) -> Dumped:
    """Write all that is committed now; `consumer` is started, reads committed, and is assigned here. Raises KafkaError."""
    consumer.assign([place])
    low = (await asyncio.wait_for(consumer.beginning_offsets([place]), ASK_SECONDS))[place]
    end = (await asyncio.wait_for(consumer.end_offsets([place]), ASK_SECONDS))[place]
    consumer.seek(place, low)
    digest, records = hashlib.sha256(), 0
    with gzip.open(path, "wb", compresslevel=6) as file:
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                if record.offset >= end:
                    break
                line = msgspec.json.encode(_line(record)) + b"\n"
                digest.update(line)
                file.write(line)
                records += 1
    return Dumped(low, end, records, digest.hexdigest())


def records_of(path: Path, dumped: Dumped) -> Iterator[Record]:
    """The records again, in order. Raises BackupError behind the last one if the file is not what was written."""
    digest, records = hashlib.sha256(), 0
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                digest.update(line)
                records += 1
                yield _record(msgspec.json.decode(line, type=Line))
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise BackupError(f"{path.name} cannot be read: {error}") from error
    if (records, digest.hexdigest()) != (dumped.records, dumped.sha256):
        raise BackupError(f"{path.name} is not whole: {records} records, {dumped.records} were written")


def check(path: Path, dumped: Dumped) -> None:
    """Read the file once. Raises BackupError unless it is what was written."""
    for _ in records_of(path, dumped):
        pass


def _line(record: "ConsumerRecord[bytes, bytes]") -> Line:
    headers = [(name, _text(data) or "") for name, data in record.headers]
    return Line(record.offset, record.timestamp, _text(record.key), _text(record.value), headers)


def _record(line: Line) -> Record:
    headers = [(name, base64.b64decode(data)) for name, data in line.h]
    return Record(line.o, line.t, _bytes(line.k), _bytes(line.v), headers)


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)

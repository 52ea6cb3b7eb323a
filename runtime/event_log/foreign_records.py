"""Record batches of producers that are not ours, read so that none of them can stop a partition (INB-04).

Owns what aiokafka gives up on: any of Kafka's codecs, a batch that would unpack to more than memory holds, and names of headers that are
no UTF-8. What stays unreadable is handed on as records that say so, one for each offset. Must not know topics.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from runtime.event_log.unpacking import UnpackError, unpack

_PREFIX = struct.Struct(">qi")
_HEADER_BYTES = 61
_MAGIC, _ATTRIBUTES, _LAST_DELTA, _LAST_TIME = 16, 21, 23, 35
_CODEC = 0x07
_NEWEST_FORMAT = 2


PACKED_RECORD_BYTES_MAX, PACKED_HEADERS_MAX = 1024 * 1024 + 64 * 1024, 1_000
"""Of one record that came compressed. A poll takes hundreds, and each can be a batch of its own that unpacks within its bound."""


class Withheld(bytes):
    """Stands as the value of a record that was not unpacked; `why` is a sentence."""

    why: str


class WithheldRecord(NamedTuple):
    """A record of a batch that cannot be unpacked."""

    offset: int
    timestamp: int
    value: Withheld
    key: bytes | None = None
    timestamp_type: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()
    checksum: None = None


def install() -> None:
    """Let every consumer of this process read so. A repeat changes nothing."""
    fetcher.MemoryRecords = ForeignRecords


class ForeignRecords:
    """The batches of one fetch, in the place of aiokafka's MemoryRecords; a last one that came in part is left for the next fetch."""

    def __init__(self, data: bytes) -> None:
        """Nothing is read yet."""
        self._data, self._at = bytes(data), 0

    def size_in_bytes(self) -> int:
        """Of all that was fetched, whole batches or not."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether another whole batch is there."""
        return self._end() is not None

    def next_batch(self) -> Any:
        """The next batch, or None."""
        end = self._end()
        if end is None:
            return None
        raw, self._at = self._data[self._at : end], end
        return ForeignBatch(raw) if raw[_MAGIC] >= _NEWEST_FORMAT else MemoryRecords(raw).next_batch()

    def _end(self) -> int | None:
        if self._at + _PREFIX.size > len(self._data):
            return None
        end: int = self._at + _PREFIX.size + _PREFIX.unpack_from(self._data, self._at)[1]
        return end if end <= len(self._data) else None


class ForeignBatch:
    """One batch; what it says of itself is aiokafka's own reading."""

    def __init__(self, raw: bytes) -> None:
        """Not unpacked yet."""
        self._raw, self._batch = raw, DefaultRecordBatch(raw)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        """The first record of a control batch, which no producer writes."""
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            plain = _plain(self._raw)
        except UnpackError as error:
            yield from withheld(self._raw, f"its batch cannot be unpacked: {error}")
            return
        bounded = iter if plain is self._raw else _bounded
        try:
            yield from bounded(DefaultRecordBatch(plain))
        except UnicodeDecodeError:  # the reader skips what it has had
            yield from bounded(DefaultRecordBatch(with_readable_names(plain)))


def _bounded(records: Iterable[Any]) -> Iterator[Any]:
    """The records, those that are too large without what is in them."""
    for record in records:
        size = (
            len(record.key or b"")
            + len(record.value or b"")
            + sum(len(name) + len(data or b"") for name, data in record.headers)
        )
        if size <= PACKED_RECORD_BYTES_MAX and len(record.headers) <= PACKED_HEADERS_MAX:
            yield record
        else:
            value = Withheld()
            value.why = f"it unpacks to {size} bytes with {len(record.headers)} headers"
            yield WithheldRecord(record.offset, record.timestamp, value)


def withheld(raw: bytes, why: str) -> Iterator[WithheldRecord]:
    """A record for each offset of a batch."""
    (base, _), (deltas,), (at,) = (
        _PREFIX.unpack_from(raw),
        *(struct.unpack_from(form, raw, place) for form, place in ((">i", _LAST_DELTA), (">q", _LAST_TIME))),
    )
    value = Withheld()
    value.why = why
    return (WithheldRecord(offset, at, value) for offset in range(base, base + deltas + 1))


def _plain(raw: bytes) -> bytes:
    """The same batch, not compressed; its checksum is that of the compressed one."""
    codec = raw[_ATTRIBUTES + 1] & _CODEC
    if codec == 0:
        return raw
    head, records = bytearray(raw[:_HEADER_BYTES]), unpack(codec, raw[_HEADER_BYTES:])
    head[_ATTRIBUTES + 1] &= ~_CODEC
    _PREFIX.pack_into(head, 0, _PREFIX.unpack_from(raw)[0], _HEADER_BYTES - _PREFIX.size + len(records))
    return bytes(head) + records


def with_readable_names(plain: bytes) -> bytes:
    """The same batch with `?` for each byte beyond ASCII in names of headers that are no UTF-8."""
    data, at = bytearray(plain), _HEADER_BYTES
    while at < len(data):
        size, start = _varint(data, at)
        at = start + size
        for begin, end in _names(data, start):
            try:
                data[begin:end].decode()
            except UnicodeDecodeError:
                data[begin:end] = bytes(byte if byte < 0x80 else ord("?") for byte in data[begin:end])
    return bytes(data)


def _names(data: bytearray, start: int) -> Iterator[tuple[int, int]]:
    """Where the names of one record's headers stand. The broker has checked that the record is whole."""
    at = start + 1
    for _ in ("time", "offset"):
        _, at = _varint(data, at)
    for _ in ("key", "value"):
        size, at = _varint(data, at)
        at += max(size, 0)
    count, at = _varint(data, at)
    for _ in range(count):
        size, at = _varint(data, at)
        yield at, at + size
        size, at = _varint(data, at + size)
        at += max(size, 0)


def _varint(data: bytearray, at: int) -> tuple[int, int]:
    """A number in zigzag form, and where the next thing stands."""
    found = shift = 0
    while True:
        byte = data[at]
        found, at, shift = found | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return (found >> 1) ^ -(found & 1), at

"""What is kept of a record that is larger than a dead letter may be: its beginning, so that its partition moves on (INB-04).

Owns the bound. What fills the bound of its own topic leaves no room for where it came from and why, and what came compressed can be larger
than any topic takes: no try to keep such a record whole would ever succeed. All of it stays where it came from, for as long as that
topic keeps it. Must not append.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.topics import DEAD_LETTERS

Header = tuple[str, bytes | None]

RECORD_BYTES_MAX = DEAD_LETTERS.max_message_bytes - 64 * 1024
"""Of key, value and headers; what is left is for what we say of them."""
KEY_KEPT, VALUE_KEPT, HEADERS_KEPT = 64 * 1024, 1024 * 1024, 256 * 1024
HEADER_BYTES = 24
"""Of one header besides its name and value: their lengths, and what a kept one is named with in front."""


class Kept(NamedTuple):
    """What of a record goes into its letter. `whole`: how many bytes it has, where that is not all of it; else None."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]
    whole: int | None = None


def fitting(key: bytes | None, value: bytes | None, headers: Iterable[Header]) -> Kept:
    """The record itself, or its beginning."""
    named = list(headers)
    size = len(key or b"") + len(value or b"") + sum(map(_size, named))
    if size <= RECORD_BYTES_MAX:
        return Kept(key, value, named)
    return Kept(key and key[:KEY_KEPT], value and value[:VALUE_KEPT], list(_first(named)), size)


def _first(headers: Iterable[Header]) -> Iterator[Header]:
    left = HEADERS_KEPT
    for header in headers:
        left -= _size(header)
        if left < 0:
            return
        yield header


def _size(header: Header) -> int:
    name, data = header
    return len(name.encode(errors="replace")) + len(data or b"") + HEADER_BYTES

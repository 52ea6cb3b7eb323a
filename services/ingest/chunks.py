"""Rows of a batch into chunks that fit one record, at most 512 KiB, and that no single request waits long behind.

Owns the cutting and the form of a spooled chunk. Must not know where rows come from or go to.
"""

from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

import msgspec

from schemas.commands import CHUNK_BYTES_MAX
from schemas.forms import PayoutForm
from services.ingest.problems import ProblemError

ENVELOPE_BYTES = 8 * 1024
"""Kept free in a chunk for what stands around the rows in the record."""

ROWS_AT_ONCE = 125
"""Of a batch that comes whole. Always the same: whoever sends it again cuts it alike, so that a chunk is there whole or not at all."""
PIECE_CHUNKS = 4
"""So many go together at most: a small file is one piece on the log, from opening to seal, and a large one costs fewer round trips."""
ROWS_BYTES_MAX = CHUNK_BYTES_MAX - ENVELOPE_BYTES
_LENGTH_BYTES = 4

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[PayoutForm])


class ChunkCutter:
    """Collects rows, and gives a chunk's JSON when it is full. One row is always far smaller than a chunk."""

    def __init__(self, rows_max: int = ROWS_AT_ONCE, bytes_max: int = ROWS_BYTES_MAX) -> None:
        """Limits of one chunk."""
        self._rows_max = rows_max
        self._bytes_max = bytes_max
        self._rows: list[bytes] = []
        self._bytes = 2

    def add(self, form: PayoutForm) -> bytes | None:
        """Take a row in; the chunk before it, if there is no room for it any more."""
        return self.add_encoded(_encoder.encode(form))

    def add_encoded(self, row: bytes) -> bytes | None:
        """The same for a row that is JSON already."""
        full = self.rest() if self._full(len(row) + 1) else None
        self._rows.append(row)
        self._bytes += len(row) + 1
        return full

    def rest(self) -> bytes | None:
        """What is left, as a chunk; None if nothing is."""
        if not self._rows:
            return None
        chunk = b"[" + b",".join(self._rows) + b"]"
        self._rows = []
        self._bytes = 2
        return chunk

    def _full(self, more: int) -> bool:
        return len(self._rows) >= self._rows_max or (bool(self._rows) and self._bytes + more > self._bytes_max)


def cut(forms: Iterable[PayoutForm], rows_max: int = ROWS_AT_ONCE) -> Iterator[list[PayoutForm]]:
    """Rows in memory as chunks of at most `rows_max`, in order."""
    cutter = ChunkCutter(rows_max)
    for form in forms:
        if (chunk := cutter.add(form)) is not None:
            yield _decoder.decode(chunk)
    if (chunk := cutter.rest()) is not None:
        yield _decoder.decode(chunk)


class Part(NamedTuple):
    """A chunk with the number of its first row."""

    first_row: int
    rows: list[PayoutForm]
    is_last: bool


def in_parts(chunks: Iterable[list[PayoutForm]]) -> Iterator[Part]:
    """The chunks in order, each read when the one before it is asked for; one without rows if there are none."""
    ahead, first_row = iter(chunks), 1
    rows: list[PayoutForm] | None = next(ahead, [])
    while rows is not None:
        following = next(ahead, None)
        yield Part(first_row, rows, following is None)
        first_row, rows = first_row + len(rows), following


class Pieces:
    """The parts as they go to the log: a few together, if they are no more bytes than one chunk may have."""

    def __init__(self, parts: Iterator[Part]) -> None:
        """`parts` end with one that says so."""
        self._parts = parts
        self._held: Part | None = None

    def take(self, most: int = PIECE_CHUNKS) -> list[Part]:
        """The next piece, of at most so many parts; not to be called behind the last one."""
        piece = [self._next()]
        left = ROWS_BYTES_MAX - _size(piece[0]) if most > 1 else 0
        while len(piece) < most and not piece[-1].is_last:
            following = self._next()
            left -= _size(following)
            if left < 0:
                self._held = following
                break
            piece.append(following)
        return piece

    def _next(self) -> Part:
        held, self._held = self._held, None
        return held or next(self._parts)


def _size(part: Part) -> int:
    return len(_encoder.encode(part.rows))


def check_fits(rows: list[PayoutForm]) -> None:
    """Raises ProblemError `payload_too_large` if the rows are too many bytes for one record."""
    if len(_encoder.encode(rows)) > ROWS_BYTES_MAX:
        detail = f"A chunk may have at most {ROWS_BYTES_MAX:,} bytes; send fewer rows at a time."
        errors = [{"pointer": "/rows", "code": "payload_too_large", "detail": detail}]
        raise ProblemError("payload_too_large", detail, errors=errors)


def write_chunk(spool: IO[bytes], chunk: bytes) -> None:
    """Put a chunk at the end of a spool file."""
    spool.write(len(chunk).to_bytes(_LENGTH_BYTES, "big"))
    spool.write(chunk)


def read_chunks(spool: IO[bytes]) -> Iterator[list[PayoutForm]]:
    """The chunks of a spool file from its start, in order. Raises EOFError for a torn file."""
    spool.seek(0)
    while head := spool.read(_LENGTH_BYTES):
        length = int.from_bytes(head, "big")
        chunk = spool.read(length)
        if len(chunk) != length:
            raise EOFError("the spool file is torn")
        yield _decoder.decode(chunk)

"""Files in compressed pieces, so that neither a row of the database nor the memory of the process grows with the file.

Owns the size of a piece and the limit of what one may come to. Must not know where pieces are kept.
"""

import zlib
from collections.abc import Iterator
from typing import IO

PIECE_BYTES = 512 * 1024
LEVEL = 1
FILE = "file"
FAULTS = "faults"


def packed(file: IO[bytes]) -> Iterator[bytes]:
    """The file from its start, in compressed pieces."""
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield zlib.compress(piece, LEVEL)


def unpacked(piece: bytes) -> bytes:
    """The bytes of a piece. Raises ValueError for what is none of ours."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(piece, PIECE_BYTES + 1)
    except zlib.error as error:
        raise ValueError("the piece is torn") from error
    if len(data) > PIECE_BYTES or inflater.unconsumed_tail:
        raise ValueError("the piece is larger than pieces are")
    return data

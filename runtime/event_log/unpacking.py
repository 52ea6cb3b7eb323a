"""Unpacking what others have compressed, within a bound: a few kilobytes can unpack to gigabytes (SEC-10).

Owns the codecs of Kafka's record batches and the bound. Must not know what is inside.
"""

import struct
import zlib
from collections.abc import Callable, Mapping

import cramjam

UNPACKED_BYTES_MAX = 16 * 1024 * 1024
"""Of one batch. Producers bound theirs by about 1 MiB before or after packing."""
_GZIP = 31
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16


class UnpackError(Exception):
    """It is too large, damaged, or of an unknown codec; `str(error)` says which."""


def unpack(codec: int, data: bytes) -> bytes:
    """What was packed by a codec of Kafka's numbering (1 gzip, 2 snappy, 3 lz4, 4 zstd). Raises UnpackError, in bounded memory."""
    if codec not in _UNPACKERS:
        raise UnpackError(f"codec {codec} is not known")
    try:
        return _UNPACKERS[codec](data)
    except (zlib.error, cramjam.DecompressionError, struct.error, ValueError) as error:
        raise UnpackError(f"it is damaged, or unpacks to more than {UNPACKED_BYTES_MAX} bytes") from error


def _gzip(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    found = unpacker.decompress(data, UNPACKED_BYTES_MAX + 1)
    if len(found) > UNPACKED_BYTES_MAX or not unpacker.eof:
        raise ValueError
    return found


def _snappy(data: bytes) -> bytes:
    """As it is, or in the blocks of the Java library."""
    if not data.startswith(_XERIAL):
        return _snappy_block(data, UNPACKED_BYTES_MAX)
    found, at = bytearray(), _XERIAL_HEADER
    while at < len(data):
        (size,) = struct.unpack_from("!i", data, at)
        if size < 0:
            raise ValueError
        found += _snappy_block(data[at + 4 : at + 4 + size], UNPACKED_BYTES_MAX - len(found))
        at += 4 + size
    return bytes(found)


def _snappy_block(data: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(data) > most:
        raise ValueError
    return bytes(cramjam.snappy.decompress_raw(data))


def _into(decompress_into: Callable[[bytes, bytearray], int]) -> Callable[[bytes], bytes]:
    """Codecs that do not say beforehand how much comes: a buffer that grows to the bound, and never beyond."""

    def unpacked(data: bytes) -> bytes:
        room = min(max(len(data) * 8, 64 * 1024), UNPACKED_BYTES_MAX)
        while True:
            buffer = bytearray(room)
            try:
                return bytes(memoryview(buffer)[: decompress_into(data, buffer)])
            except cramjam.DecompressionError:
                if room >= UNPACKED_BYTES_MAX:
                    raise
                room = min(room * 8, UNPACKED_BYTES_MAX)

    return unpacked


_UNPACKERS: Mapping[int, Callable[[bytes], bytes]] = {
    1: _gzip,
    2: _snappy,
    3: _into(cramjam.lz4.decompress_into),
    4: _into(cramjam.zstd.decompress_into),
}

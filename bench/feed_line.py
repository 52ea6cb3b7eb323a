"""The least a WebSocket client of the feed can be, so that many of them cost little.

Owns the wire: the handshake, cutting what arrives into frames, pings, and the first words of each message. It looks no further into a
message than to its cursor. Must not know who measures what.
"""

import os
import re
from typing import NamedTuple

HEAD_BYTES = 160
"""Type, channel and cursor of a message come first."""
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
IDX_MAX = 1024
"""More than an event record has changes."""

_HEAD = re.compile(rb'\{"type":"(\w+)"(?:,"channel":"[^"]*","cursor":"(\d+):(\d+):(\d+)(?:@[^"]*)?")?')


class Head(NamedTuple):
    """What is read of a message: its type, and its cursor as one number that sorts as the log does (-1: it has none)."""

    kind: str
    place: int


def place(offset: int, idx: int) -> int:
    """A place on one partition as a number."""
    return offset * IDX_MAX + idx


def head(payload: bytes) -> Head:
    """The first words of a message. Raises ValueError for what is no message."""
    found = _HEAD.match(payload)
    if found is None:
        raise ValueError(f"this is no message of the feed: {payload[:60]!r}")
    return Head(found[1].decode(), place(int(found[3]), int(found[4])) if found[2] else -1)


def cut(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Whole frames as (opcode, first bytes of the payload), and the rest that is no whole frame yet."""
    frames, at = [], 0
    while (sizes := _sizes(data, at)) is not None and at + sum(sizes) <= len(data):
        begin = at + sizes[0]
        frames.append((data[at] & 15, data[begin : begin + min(sizes[1], HEAD_BYTES)]))
        at = begin + sizes[1]
    return frames, data[at:]


def _sizes(data: bytes, at: int) -> tuple[int, int] | None:
    """Bytes of the frame's header and of its payload, if they are there to be read. A server's frames have no mask."""
    if len(data) < at + 2:
        return None
    short = data[at + 1] & 127
    wide = {126: 2, 127: 8}.get(short, 0)
    if len(data) < at + 2 + wide:
        return None
    return 2 + wide, int.from_bytes(data[at + 2 : at + 2 + wide]) if wide else short


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame: it must have a mask; one of zeros leaves the payload as it is."""
    size = len(payload)
    length = bytes([128 | size]) if size < 126 else bytes([128 | 126]) + size.to_bytes(2)
    return bytes([128 | opcode]) + length + bytes(4) + payload


def handshake(host: str, port: int) -> bytes:
    """The request that opens the feed."""
    key = os.urandom(16).hex()[:22] + "=="
    return (
        f"GET /api/v1/feed/ HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def close_code(payload: bytes) -> int:
    """Why the server closes; 1005 when it does not say."""
    return int.from_bytes(payload[:2]) if len(payload) >= 2 else 1005

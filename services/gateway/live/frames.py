"""What goes over the wire, as bytes that are ready for any number of clients: whole WebSocket frames, a server's, so without a mask.

Owns the form of the messages that the hub tells. Must not know who hears them.
"""

from collections.abc import Mapping, Sequence

import orjson

from services.gateway.live.cursor import Cursor

TEXT = 0x81
"""A text message in one piece."""


def text(payload: bytes) -> bytes:
    """A text message (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((TEXT, 126)) + size.to_bytes(2) + payload
    return bytes((TEXT, 127)) + size.to_bytes(8) + payload


def message(fields: Mapping[str, object]) -> bytes:
    """A message of these fields."""
    return text(orjson.dumps(fields))


def changes(channel: str, cursor: Cursor, told: Sequence[bytes]) -> bytes:
    """Changes that are JSON already; `cursor` is the place behind the last."""
    return text(_head("changes", channel, cursor) + b',"changes":[' + b",".join(told) + b"]}")


def state(kind: str, channel: str, cursor: Cursor, told: bytes) -> bytes:
    """A batch or balances as they stand, JSON already."""
    return text(_head(kind, channel, cursor) + b',"' + kind.encode() + b'":' + told + b"}")


def _head(kind: str, channel: str, cursor: Cursor) -> bytes:
    return orjson.dumps({"type": kind, "channel": channel, "cursor": str(cursor)})[:-1]

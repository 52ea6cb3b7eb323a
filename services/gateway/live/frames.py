"""What goes over the wire, made once for any number of clients, whichever way they came: JSON, and its two envelopes (LIV-01).

Owns the form of the messages that the hub tells. A frame is serialised once; as a WebSocket frame (a server's, so without a mask) and as a
server-sent event in a chunk of HTTP it is wrapped once each, when first asked for. Must not know who hears it.
"""

from collections.abc import Mapping, Sequence

import orjson

TEXT = 0x81
"""A text message in one piece."""


class Frame:
    """One message. `channel` and `cursor` where it moves a client's place."""

    __slots__ = ("_chunk", "_socket", "channel", "cursor", "payload")

    def __init__(self, payload: bytes, channel: str | None = None, cursor: str | None = None) -> None:
        """`payload` is JSON in one line."""
        self.payload, self.channel, self.cursor = payload, channel, cursor
        self._socket: bytes | None = None
        self._chunk: bytes | None = None

    def __len__(self) -> int:
        return len(self.payload)

    @property
    def websocket(self) -> bytes:
        """A whole text message (RFC 6455, 5.2)."""
        if self._socket is None:
            self._socket = text(self.payload)
        return self._socket

    @property
    def event(self) -> bytes:
        """The data of a server-sent event and its end, as a chunk of HTTP/1.1; the id goes before it."""
        if self._chunk is None:
            self._chunk = chunk(b"data: " + self.payload + b"\n\n")
        return self._chunk


def text(payload: bytes) -> bytes:
    """A WebSocket text message."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((TEXT, 126)) + size.to_bytes(2) + payload
    return bytes((TEXT, 127)) + size.to_bytes(8) + payload


def chunk(data: bytes) -> bytes:
    """A chunk of a body (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def message(fields: Mapping[str, object]) -> Frame:
    """A message of these fields."""
    channel, cursor = fields.get("channel"), fields.get("cursor")
    moves = isinstance(channel, str) and isinstance(cursor, str)
    return Frame(orjson.dumps(fields), str(channel), str(cursor)) if moves else Frame(orjson.dumps(fields))


def changes(channel: str, cursor: str, told: Sequence[bytes], left: Sequence[bytes] = (), folded: int = 0) -> Frame:
    """Changes that are JSON already; `cursor` is the place behind the last.

    `left` are rows that are not, or no longer, what the channel's filters want; `folded` counts changes that newer ones replaced.
    """
    more = b',"left":[' + b",".join(left) + b"]" if left else b""
    more += b',"folded":%d' % folded if folded else b""
    return Frame(_head("changes", channel, cursor) + b',"changes":[' + b",".join(told) + b"]" + more + b"}", channel, cursor)


def state(kind: str, channel: str, cursor: str, told: bytes) -> Frame:
    """A batch, balances, providers or the operation as they stand, JSON already."""
    return Frame(_head(kind, channel, cursor) + b',"' + kind.encode() + b'":' + told + b"}", channel, cursor)


def _head(kind: str, channel: str, cursor: str) -> bytes:
    return orjson.dumps({"type": kind, "channel": channel, "cursor": cursor})[:-1]

"""Answers to reads that are given again for a while, and say how old they are: stale data (CON-18).

Owns what is kept, for how long, and how `freshness` is told then. An answer is kept for who asked: by address, merchant and credential.
Must not decide who may ask: each request is answered anew first, and only what was answered well is replaced.
"""

import hashlib
from collections import OrderedDict
from typing import NamedTuple

import orjson
from starlette.requests import HTTPConnection
from starlette.types import Message

from schemas.times import rfc3339

KEPT_MAX = 500
BYTES_MAX = 1024 * 1024
CREDENTIALS = ("authorization", "cookie", "x-merchant-id")


class Kept(NamedTuple):
    """An answer as it was at `at` (ms UTC)."""

    at: int
    start: Message
    body: bytes


def key_of(asked: HTTPConnection) -> str:
    """Who asked for what."""
    parts = [asked.scope["path"], asked.scope["query_string"].decode("latin-1")]
    parts += [",".join(asked.headers.getlist(name)) for name in CREDENTIALS]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class KeptAnswers:
    """The answers of one stretch of stale data."""

    def __init__(self, stale_ms: int) -> None:
        """`stale_ms` is how old an answer is made, and how long it is given again."""
        self._stale_ms = stale_ms
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def answer(self, key: str, start: Message, body: bytes, now: int) -> tuple[Message, bytes]:
        """What is given instead: the answer of before if there is one, else this one; as old as it is said to be."""
        kept = self._kept.get(key)
        if kept is None or now - kept.at >= self._stale_ms:
            kept = self._kept[key] = Kept(now, start, body)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        told = aged(kept.body, kept.at - self._stale_ms, now)
        headers = [(name, value) for name, value in kept.start["headers"] if name.lower() not in {b"content-length", b"age"}]
        age = (now - kept.at + self._stale_ms) // 1000
        lengths = [(b"content-length", str(len(told)).encode()), (b"age", str(age).encode())]
        return {**kept.start, "headers": [*headers, *lengths]}, told


def aged(body: bytes, at: int, now: int) -> bytes:
    """The body with a freshness of `at`; what says no freshness stays byte for byte."""
    try:
        form = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if not isinstance(form, dict) or not isinstance(form.get("freshness"), dict):
        return body
    form["freshness"] |= {"timestamp": rfc3339(at), "max_age_ms": now - at}
    return orjson.dumps(form)

"""How a dead letter is shown: masked unless somebody asks to see it (SEC-08).

Owns what may be seen of bytes that nobody could read: their size and, where they are JSON, names and types. No hash: that of a phone number
is soon found out. What stands in quotes, and long numbers, are cut out of reasons: decoders quote what they refuse. Must not read Kafka.
"""

import base64
import hashlib
import json
import re
from typing import Any

from runtime.dead_letter_book import Book, Letter

SHOWN_NAMES = 64
_QUOTED = re.compile(r"(?<!\w)(['\"])(?:\\(?:.|\Z)|[^\\])*?(?:\1(?!\w)|\Z)|\d{6,}", re.DOTALL)
"""A quote behind a backslash or before a letter, as in O'Brien, ends nothing."""
_NAME = re.compile(r"[a-z_]{1,40}")
_HEADER = re.compile(r"ce_[a-z]{1,20}|content-type|traceparent|tracestate|payflow-[a-z-]{1,40}")


def hidden(reason: str) -> str:
    """A reason without what stands in quotes, and without long numbers."""
    return _QUOTED.sub("[removed]", reason)


def described(book: Book, letter: Letter, *, reveal: bool) -> dict[str, Any]:
    """One letter as JSON values."""
    last = book.last_word(letter.id)
    return {
        "id": letter.id,
        "state": book.state(letter.id),
        "code": letter.code,
        "reason": letter.reason if reveal else hidden(letter.reason),
        "failed_at": letter.failed_at,
        "redrives": book.redrives(letter.id),
        "key": _bytes(letter.key, reveal=reveal),
        "value": _bytes(letter.value, reveal=reveal),
        "headers": [_header(name, data, reveal=reveal) for name, data in letter.headers],
        "resolved_by": last.by if last else None,
        "resolved_at": last.at if last else None,
        "resolution": (last.reason or f"{letter.topic}:{letter.partition}:{last.place}") if last else None,
    }


def _header(name: str, data: bytes | None, *, reveal: bool) -> dict[str, Any]:
    """A header's name is its sender's text too: one that is no word of a protocol is not shown."""
    shown = name if reveal or _HEADER.fullmatch(name) else "[removed]"
    return {"name": shown, **(_bytes(data, reveal=reveal) or {})}


def _bytes(data: bytes | None, *, reveal: bool) -> dict[str, Any] | None:
    if data is None:
        return None
    told: dict[str, Any] = {"bytes": len(data)}
    if reveal:
        digest = hashlib.sha256(data).hexdigest()
        return {**told, "sha256": digest, "base64": base64.b64encode(data).decode(), "text": data.decode(errors="replace")}
    shape = _shape_of(data)
    return told if shape is None else {**told, "shape": shape}


def _shape_of(data: bytes) -> Any:
    """Names and types of a JSON object; None for anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return _shape(value, 0) if isinstance(value, dict) else None


def _shape(value: Any, depth: int) -> Any:
    if isinstance(value, dict) and depth < 4:
        names = list(value)[:SHOWN_NAMES]
        return {(name if _NAME.fullmatch(name) else "[removed]"): _shape(value[name], depth + 1) for name in names}
    if isinstance(value, list):
        return [_shape(value[0], depth + 1), f"... {len(value)}"] if value and depth < 4 else f"list of {len(value)}"
    return "null" if value is None else type(value).__name__


def table(book: Book, letters: list[Letter]) -> list[str]:
    """Letters as lines."""
    told = [f"{'id':<44} {'state':<10} {'code':<16} {'redrives':>8} {'bytes':>9}  reason"]
    for letter in letters:
        size = "none" if letter.value is None else f"{len(letter.value):,}"
        reason = hidden(letter.reason)[:80]
        state, count = book.state(letter.id), book.redrives(letter.id)
        told.append(f"{letter.id:<44} {state:<10} {letter.code:<16} {count:>8} {size:>9}  {reason}")
    return told

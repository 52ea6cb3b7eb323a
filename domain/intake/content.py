"""JSON as it may be read, and what makes two requests the same.

Owns strict parsing (no duplicate keys, no NaN, bounded depth and numbers, valid Unicode) and the content hash (IDM-05). Every input is
answered in time linear to its length.
"""

import hashlib
import json
import re
from collections.abc import Sequence

DEPTH_MAX = 32
DIGITS_MAX = 19
"""A 64-bit integer has at most this many digits."""

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string, or the unfinished one at the end: a pattern that could fail there would be tried again from every quote."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class JsonFault(ValueError):  # noqa: N818  a fault is the product's word for what is wrong with an input
    """The body is not JSON that can be read; `str(fault)` says why and where."""


class JsonFraction(str):
    """A JSON number with a fraction or an exponent, kept as written: it never becomes a float."""

    __slots__ = ()


def parse_json(body: bytes, *, max_depth: int = DEPTH_MAX) -> object:
    """The value of a JSON body. Numbers with a fraction come as JsonFraction. Raises JsonFault."""
    _check_depth(body, max_depth)
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=JsonFraction,
            parse_int=_integer,
            parse_constant=_constant,
        )
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonFault(f"the body is not valid UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise JsonFault("the body holds a lone surrogate escape; send whole characters") from None
    except json.JSONDecodeError as error:
        raise JsonFault(f"the body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise JsonFault(f"the body is nested deeper than {max_depth} levels") from None
    return value


def content_hash(operation: str, parsed: object) -> str:
    """SHA-256 of the operation and the canonical content: key order and spacing do not matter."""
    canonical = json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{operation}\n{canonical}".encode()).hexdigest()


def _check_depth(body: bytes, max_depth: int) -> None:
    """Fold matching brackets away, level by level; what is left after `max_depth` rounds is too deep."""
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    for _ in range(max_depth):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise JsonFault(f"the body is nested deeper than {max_depth} levels, or its brackets do not match")


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise JsonFault(f"the key {twice[:64]!r} stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS_MAX or not -(2**63) <= int(text) < 2**63:
        raise JsonFault(f"the number {text[:24]}... does not fit 64 bits")
    return int(text)


def _constant(text: str) -> object:
    raise JsonFault(f"{text} is not a JSON number")

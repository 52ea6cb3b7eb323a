"""JSON as it may be read, and what makes two requests the same.

Owns strict parsing (no duplicate keys, no NaN, bounded depth, parts and numbers, valid Unicode) and the content hash (IDM-05). Every input
is answered in time linear to its length.
"""

import hashlib
import json
import re
from collections.abc import Sequence

from msgspec import Struct

DEPTH_MAX = 32
PARTS_MAX = 50_000
"""Objects and lists in one body; as many rows as fit in one of 1 MiB have fewer."""
TEXTS_MAX = 150_000
"""Names and texts in one body, likewise."""
VALUES_MAX = 200_000
"""Members and elements in one body, likewise."""
MEMBERS_MAX = 1_000
"""Names in one object."""
DIGITS_MAX = 19
"""A 64-bit integer has at most this many digits."""

_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class JsonFault(ValueError):  # noqa: N818  a fault is the product's word for what is wrong with an input
    """The body is not JSON that can be read; `str(fault)` says why and where."""


class JsonFraction(Struct, frozen=True):
    """A JSON number with a fraction or an exponent, kept as written: never a float, and neither text nor a whole number."""

    text: str


def parse_json(body: bytes, *, max_depth: int = DEPTH_MAX) -> object:
    """The value of a JSON body. Numbers with a fraction come as JsonFraction. Raises JsonFault."""
    _check_shape(body, max_depth)
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=JsonFraction,
            parse_int=_integer if _LONG_NUMBER.search(body) else None,
            parse_constant=_constant,
        )
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False, default=_written).encode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonFault(f"the body is not valid UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise JsonFault("the body holds a lone surrogate escape; send whole characters") from None
    except json.JSONDecodeError as error:
        raise JsonFault(f"the body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    return value


def content_hash(operation: str, parsed: object) -> str:
    """SHA-256 of the operation and the canonical content: key order and spacing do not matter."""
    canonical = json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_written)
    return hashlib.sha256(f"{operation}\n{canonical}".encode()).hexdigest()


def _check_shape(body: bytes, max_depth: int) -> None:
    """Before anything is built: bounded in texts, parts and depth. What does not match is refused later, with its place."""
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') > 2 * TEXTS_MAX:
        raise JsonFault(f"the body holds more than {TEXTS_MAX:,} names and texts")
    outside = b"".join(plain.split(b'"')[::2])
    if outside.count(b",") > VALUES_MAX:
        raise JsonFault(f"the body holds more than {VALUES_MAX:,} values")
    brackets = outside.translate(_SQUARE, _NOT_BRACKETS)
    _check_depth(brackets, max_depth)
    if len(brackets) > 2 * PARTS_MAX:
        raise JsonFault(f"the body holds more than {PARTS_MAX:,} objects and lists")


def _check_depth(brackets: bytes, max_depth: int) -> None:
    """Fold matching brackets away, one level a round. What is left must not be able to nest deeper."""
    for _ in range(max_depth):
        brackets, before = brackets.replace(b"[]", b""), brackets
        if len(brackets) == len(before):
            break
    if b"[]" in brackets or brackets.count(b"[") > max_depth:
        raise JsonFault(f"the body is nested deeper than {max_depth} levels")


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MEMBERS_MAX:
        raise JsonFault(f"an object has {len(pairs):,} names; at most {MEMBERS_MAX:,} are read")
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise JsonFault(f"the key {twice[:64]!r} stands twice in one object; send it once")
    return found


def _integer(text: str) -> int:
    digits = len(text.lstrip("-"))
    if digits > DIGITS_MAX or not -(2**63) <= int(text) < 2**63:
        raise JsonFault(f"a number of {digits} digits does not fit 64 bits")  # an account's, perhaps: it is not told
    return int(text)


def _constant(text: str) -> object:
    raise JsonFault(f"{text} is not a JSON number")


def _written(value: object) -> object:
    if isinstance(value, JsonFraction):
        return {"\0fraction": value.text}
    raise TypeError(f"{type(value).__name__} is no JSON value")

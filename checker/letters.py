"""A dead letter and the record that it was kept for.

Owns when the letter is that record. Must not know which records need one.
"""

import json
from typing import Any, Protocol

from checker.evidence import Record

CUT, CUT_FROM = "cut", 1024 * 1024
"""Says that only the beginning is kept of a record of so many bytes: one that is larger than a letter may be."""
NULL_KEY = "original-null-key"
"""Says that the record had no key: one that has neither key nor value cannot be kept as it was."""


class Kept(Protocol):
    """What a record of any topic is made of."""

    @property
    def key(self) -> str | None:
        """Its key."""

    @property
    def value(self) -> Any:
        """Its value as JSON."""

    @property
    def raw(self) -> bytes | None:
        """Its bytes, where they are no JSON."""


def same_bytes(letter: Record, record: Kept) -> bool:
    """Whether a dead letter keeps its record. Compared as text: NaN is not equal to itself."""
    key = None if NULL_KEY in letter.headers else letter.key
    if int(letter.headers.get(CUT, 0)) > CUT_FROM:
        return (record.key or "").startswith(key or "") and (record.raw or letter.raw or b"").startswith(letter.raw or b"")
    return (letter.raw, key, json.dumps(letter.value)) == (record.raw, record.key, json.dumps(record.value))

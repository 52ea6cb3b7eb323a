r"""Values as Postgres' COPY reads them: one line a row, tabs between, `\N` for NULL.

Owns the escaping. What a client wrote must come back as it was, whatever it holds; only U+0000, which Postgres cannot store, becomes
U+FFFD, here and in every other way into a table (`storable`). Must not know a table.
"""

import re
from collections.abc import Iterable

NULL = r"\N"
NUL, REPLACEMENT = "\0", "\ufffd"

_BEHIND_BACKSLASH = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", NUL: REPLACEMENT})


def text_field(value: str | None) -> str:
    """A text from outside, or NULL."""
    if value is None:
        return NULL
    if value.isprintable() and "\\" not in value:  # most texts are; a translation costs several times as much
        return value
    return value.translate(_ESCAPES)


def plain_field(value: object) -> str:
    """A number or one of our own words, which needs no escaping, or NULL."""
    return NULL if value is None else str(value)


def storable(value: str) -> str:
    """The text as Postgres can keep it when it does not come by COPY."""
    return value.replace(NUL, REPLACEMENT) if NUL in value else value


def line(fields: Iterable[str]) -> str:
    """One row."""
    return "\t".join(fields) + "\n"


def values(row: str) -> list[str | None]:
    """The fields of a line as they were, for an INSERT."""
    return [None if field == NULL else _as_it_was(field) for field in row[:-1].split("\t")]


def _as_it_was(field: str) -> str:
    return re.sub(r"\\(.)", lambda found: _BEHIND_BACKSLASH[found[1]], field) if "\\" in field else field

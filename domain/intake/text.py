"""Text that may be kept: no NUL, no lone surrogate, no control character, not too long (API-13).

Owns what is refused in any text field, and the choice of one word out of few. Letters of every script, and what forms words in them,
are welcome.
"""

import re
from collections.abc import Iterable

from domain.intake.faults import Fault

DESCRIPTION_MAX = 1024
VALUE_MAX = 256
REFERENCE_MAX = 64

TEXT_PATTERN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]*$"
LINE_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]*$"
"""What may be kept, and in one line, as patterns of a JSON Schema; lone surrogates, which they cannot name, are refused besides."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
_FORBIDDEN_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")


def has_forbidden(text: str, *, one_line: bool = False) -> bool:
    """Whether any character can never be kept; in one line that is also true of tabs and line breaks."""
    return (_FORBIDDEN_IN_LINE if one_line else _FORBIDDEN).search(text) is not None


def text_fault(pointer: str, value: object, *, longest: int, shortest: int = 0, one_line: bool = True) -> Fault | None:
    """The fault of a text field, or None."""
    if not isinstance(value, str):
        return Fault(pointer=pointer, detail="must be a text string; put it in quotes")
    if not shortest <= len(value) <= longest:
        return Fault(pointer=pointer, detail=f"must have {shortest} to {longest} characters; it has {len(value)}")
    if has_forbidden(value, one_line=one_line):
        return Fault(pointer=pointer, detail="must not contain control characters, NUL or lone surrogates; remove them")
    return None


def choice_fault(pointer: str, value: object, choices: Iterable[str]) -> Fault | None:
    """The fault of a field that takes one of a few words, or None. Null is as good as left out."""
    known = [str(choice) for choice in choices]
    if value is None or (isinstance(value, str) and value in known):
        return None
    return Fault(pointer=pointer, detail=f"must be {' or '.join(known)}")

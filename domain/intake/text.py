"""Text that may be kept: no NUL, no lone surrogate, no control character, not too long (API-13).

Owns what is refused in any text field. Letters of every script, and what forms words in them, are welcome.
"""

import re

from domain.intake.faults import Fault

DESCRIPTION_MAX = 1024
VALUE_MAX = 256
REFERENCE_MAX = 64

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
_LINE_BREAKS = re.compile("[\t\n\r]")


def has_forbidden(text: str) -> bool:
    """Whether any character can never be kept."""
    return _FORBIDDEN.search(text) is not None


def text_fault(pointer: str, value: object, *, longest: int, shortest: int = 0, one_line: bool = True) -> Fault | None:
    """The fault of a text field, or None."""
    if not isinstance(value, str):
        return Fault(pointer=pointer, detail="must be a text string")
    if not shortest <= len(value) <= longest:
        return Fault(pointer=pointer, detail=f"must have {shortest} to {longest} characters; it has {len(value)}")
    if has_forbidden(value) or (one_line and _LINE_BREAKS.search(value)):
        return Fault(pointer=pointer, detail="must not contain control characters, NUL or lone surrogates; remove them")
    return None

"""Amounts in files as people write them (BAT-05): a number that can be read two ways is refused until the uploader says which way.

Owns the number formats that can be chosen, and the exact way from each to plain decimal text. Must not know currencies' limits.
"""

import re

PLAIN = "1000.00"
_BLANKS = "[ \u00a0\u202f]"
_GROUPED = {
    "1,000.00": (",", r"\."),
    "1.000,00": (r"\.", ","),
    "1 000,00": (_BLANKS, ","),
    "1 000.00": (_BLANKS, r"\."),
    "1'000.00": ("['\u2019]", r"\."),
    "1,00,000.00": (",", r"\."),
}
FORMATS = (PLAIN, *_GROUPED)

_THREE_DECIMALS = re.compile(r"[0-9]{1,3}\.[0-9]{3}", re.ASCII)


def _pattern(name: str) -> re.Pattern[str]:
    group, point = _GROUPED[name]
    groups = (
        f"[0-9]{{1,2}}(?:{group}[0-9]{{2}})*{group}[0-9]{{3}}"
        if name == "1,00,000.00"
        else f"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+"
    )
    return re.compile(f"({groups}|[0-9]+)(?:{point}([0-9]+))?", re.ASCII)


_PATTERNS = {name: _pattern(name) for name in _GROUPED}
LONGEST = 32


def plain_number(text: str, written: str) -> str | None:
    """Decimal text without grouping and with a point, or None for what is no number in that format. Nothing is rounded."""
    if written == PLAIN:
        return text
    match = _PATTERNS[written].fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        return None
    whole = "".join(digit for digit in match[1] if digit in "0123456789")
    return f"{whole}.{match[2]}" if match[2] else whole


def is_two_ways(text: str, decimals: int) -> bool:
    """Whether `1.000` of a currency with three or more decimals can be one or a thousand; other doubtful forms are no amounts at all."""
    return decimals >= 3 and _THREE_DECIMALS.fullmatch(text) is not None

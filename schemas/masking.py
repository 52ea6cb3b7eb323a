"""What is shown of personal data where it is not to be read (SEC-07, SEC-08).

Owns the masked form `XXXXXXXXXXXX3456`, one for API, console, feed and webhooks, the masked recipient, and the cutting of numbers and
secrets out of free text. Must not know who may see what.
"""

import re
from collections.abc import Iterable, Mapping

HIDDEN = "X" * 12
SHOWN = 4
SHOWN_FROM = 8
"""A shorter number would be told half or almost whole: it is hidden altogether."""
CODES = frozenset({"bank_code", "ifsc", "bic"})
"""Members that are all code: their digits stay, up to CODE_MAX characters; what is longer is no such code."""
CODE_MAX = 11
PLAIN = frozenset(
    {
        "type",
        "currency",
        "country",
        "country_code",
        "network",
        "provider",
        "bank_name",
        "bank_code",
        "ifsc",
        "bic",
        "branch",
        "account_type",
    }
)
"""Members of a recipient that name no person: they stay, without what could be a number."""
NAMES = frozenset({"name", "holder", "account_holder", "account_name", "first_name", "last_name", "beneficiary_name"})
REMOVED = "[removed]"

_PERSONAL = re.compile(
    r"pk_(?:live|test)_[A-Za-z0-9_-]{6,}"  # API keys
    r"|\bwhsec_[A-Za-z0-9+/=_-]{6,}"  # webhook secrets
    r"|\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b"  # IBANs, also in groups
    r"|(?<![0-9A-Za-z.:-])\+[0-9][0-9 ()-]{6,18}[0-9]"  # telephone numbers
    r"|(?<![0-9A-Za-z.:-])[0-9]{9,}(?![0-9A-Za-z-])"  # accounts; longer than any offset that we have seen
    r"|\bDETAIL:.*",  # a database tells the values that it refuses
    re.DOTALL,
)
_RUN = re.compile(r"\+?\d(?:[\W_]{0,2}\d){4,}")
"""Five digits and more, however they are set apart: a number where none belongs."""
_DIGITS = re.compile(r"(?<![0-9A-Za-z-])[0-9]{6,}(?![0-9A-Za-z-])")


def masked(number: str) -> str:
    """`XXXXXXXXXXXX3456`: the last four letters or digits behind twelve X, so that it does not tell the length; none of a short number."""
    plain = [char for char in number if char.isalnum()]
    return HIDDEN + ("".join(plain[-SHOWN:]) if len(plain) >= SHOWN_FROM else "")


def masked_name(name: str) -> str:
    """The first letter of each word: enough to recognise, too little to know."""
    return " ".join(f"{word[0]}***" for word in name.split())


def masked_recipient(recipient: Mapping[str, str]) -> dict[str, str]:
    """A recipient as operators see it in lists: numbers by their last four, names by first letters, banks in full."""
    return {name: value if value is None else _masked_value(name, str(value)) for name, value in recipient.items()}


def _masked_value(name: str, value: str) -> str:
    if name in NAMES:
        return masked_name(value)
    if name in CODES:
        return value if len(value) <= CODE_MAX else masked(value)
    return _RUN.sub(REMOVED, value) if name in PLAIN else masked(value)


def scrubbed(text: str) -> str:
    """A text without API keys, IBANs, telephone numbers and a database's DETAIL: for log lines."""
    return _PERSONAL.sub(REMOVED, text)


def without(text: str, values: Iterable[object]) -> str:
    """A text without these values (of three characters or more), in any case: what is known of a payee does not stand in a reason."""
    for value in sorted(
        {str(value) for value in values if value is not None and len(str(value)) > 2}, key=len, reverse=True
    ):
        text = re.sub(re.escape(value), REMOVED, text, flags=re.IGNORECASE)
    return text


def scrubbed_reason(text: str) -> str:
    """The same without any long number: for what people write into a reason."""
    return _DIGITS.sub(REMOVED, scrubbed(text))

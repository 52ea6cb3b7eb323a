"""What is shown of personal data where it is not to be read (SEC-07, SEC-08).

Owns the masked form `XXXXXXXXXXXX3456`, the masked recipient, and the cutting of numbers and secrets out of free text. Must not know
who may see what.
"""

import re
from collections.abc import Iterable, Mapping

SHOWN_DIGITS = 4
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
"""Members of a recipient that name no person: they stay."""
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
_DIGITS = re.compile(r"(?<![0-9A-Za-z-])[0-9]{6,}(?![0-9A-Za-z-])")


def masked(number: str) -> str:
    """All but the last four characters as X."""
    return "X" * max(len(number) - SHOWN_DIGITS, 0) + number[-SHOWN_DIGITS:]


def masked_name(name: str) -> str:
    """The first letter of each word: enough to recognise, too little to know."""
    return " ".join(f"{word[0]}***" for word in name.split())


def masked_recipient(recipient: Mapping[str, str]) -> dict[str, str]:
    """A recipient as operators see it in lists: numbers by their last four, names by first letters, banks in full."""
    return {name: value if name in PLAIN else _masked_value(name, value) for name, value in recipient.items()}


def _masked_value(name: str, value: object) -> str:
    if name in NAMES:
        return masked_name(str(value))
    return masked(str(value)) if len(str(value)) > SHOWN_DIGITS else "X" * len(str(value))


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

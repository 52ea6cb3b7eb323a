"""Recipients as a receiver of webhooks may see them: the last four characters of a number, and nothing else (SEC-07).

Owns which keys hold a number and how free text is cleaned of numbers. Must not be used for what a merchant's own key reads.
"""

import re
from collections.abc import Mapping

from schemas.masking import NAMES, REMOVED, masked

NUMBER_KEYS = ("account_number", "account", "iban", "msisdn", "phone")
TEXT_MAX = 300

_NUMBER = re.compile(r"\+?[0-9](?:[ -]?[0-9]){7,}", re.ASCII)
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}\b", re.ASCII)


def masked_recipient(recipient: Mapping[str, str] | None) -> dict[str, str] | None:
    """The kind of recipient and its masked number; names and whatever else was sent are left out."""
    if recipient is None:
        return None
    number = next((recipient[key] for key in NUMBER_KEYS if recipient.get(key)), "")
    return {"type": recipient.get("type", ""), "account": masked(number)}


def masked_text(text: str | None) -> str | None:
    """Free text (a provider's reason, say) with whatever looks like an account, an IBAN or a phone masked, at most TEXT_MAX long."""
    if text is None:
        return None
    cleaned = _NUMBER.sub(_hide, _IBAN.sub(_hide, text[: TEXT_MAX * 2]))
    return cleaned[:TEXT_MAX]


def without_names(text: str | None, recipient: Mapping[str, str] | None) -> str | None:
    """The text without anything that the recipient's own details hold, besides its type; names in any case."""
    if text is None or recipient is None:
        return text
    for key, value in sorted(recipient.items(), key=lambda item: -len(item[1])):
        if key != "type" and len(value) > 2:
            cover = masked(value) if key in NUMBER_KEYS else REMOVED
            text = re.sub(re.escape(value), lambda _, cover=cover: cover, text, flags=re.IGNORECASE if key in NAMES else 0)
    return text


def _hide(found: "re.Match[str]") -> str:
    return masked(found[0])

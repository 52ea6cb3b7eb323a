"""Which currencies can be paid here, and the most that one payout of each may be (API-09, API-12).

Owns that table and its text form in settings. Must not know who has money in them, or how an amount is written.
"""

from collections.abc import Iterable, Mapping

from schemas.money import EXPONENTS, MoneyError, highest_minor, parse_amount

Currencies = Mapping[str, int]
"""Enabled ISO 4217 codes, each with the most that one payout may be, in minor units."""


def enabled(codes: Iterable[str], lower: Mapping[str, int] | None = None) -> Currencies:
    """These currencies, each up to the highest amount that there is, or up to a lower one of `lower`."""
    return {code: (lower or {}).get(code) or highest_minor(code) for code in codes}


def read_codes(text: str) -> list[str]:
    """`USD,UGX` to its codes. Raises ValueError for none at all, and for what ISO 4217 does not list with minor units."""
    codes = _items(text)
    unknown = [code for code in codes if code not in EXPONENTS]
    if unknown or not codes:
        raise ValueError(f"it must list ISO 4217 codes by comma; {', '.join(unknown) or 'nothing'} is none")
    return codes


def read_lower(text: str) -> dict[str, int]:
    """`USD:50000.00,UGX:5000000` to minor units; nothing for an empty text. Raises ValueError, also for a currency that is named twice."""
    found: dict[str, int] = {}
    for item in _items(text):
        code, _, amount = item.partition(":")
        try:
            most = parse_amount(amount, code)
        except MoneyError as error:
            raise ValueError(f"it must be such as USD:50000.00,UGX:5000000; {item!r}: {error}") from None
        if code in found:
            raise ValueError(f"it names {code} twice")
        found[code] = most
    return found


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]

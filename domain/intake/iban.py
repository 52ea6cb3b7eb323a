"""IBANs: which text is meant as one, and whether it holds (API-07).

Owns the length per country (ISO 13616 registry) and the check digits (ISO 7064 mod 97-10).
"""

import re

LENGTH_GROUPS: dict[int, str] = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""Characters of an IBAN -> countries where it has so many."""

LENGTHS: dict[str, int] = {country: length for length, countries in LENGTH_GROUPS.items() for country in countries.split()}

_GROUPS = re.compile(r"[-/]")
_BETWEEN = re.compile(r"[ ./-]")
_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


def compact(text: str) -> str:
    """Without the blanks that people write between groups of four."""
    return text.replace(" ", "")


def plain(text: str) -> str:
    """An account however people write it: in upper case, without what they put between groups. Text in other letters stays."""
    return _BETWEEN.sub("", text).upper() if text.isascii() else text


def is_of_iban(number: str, iban: str) -> bool:
    """Whether a number can be the account of this IBAN: the IBAN itself, or groups that stand in it, leading zeros aside.

    Some countries count the check digits among the number (PL), some write its parts in another order (CZ: prefix-number/bank).
    """
    whole = plain(iban)
    if plain(number) == whole:
        return True
    return all(plain(group).lstrip("0") in whole[2:] for group in _GROUPS.split(number))


def looks_like_iban(text: str) -> bool:
    """Whether this, plain, is meant as an IBAN: its form, and a country that has IBANs. A digit too few is then an error."""
    return text[:2] in LENGTHS and _SHAPE.fullmatch(text) is not None


def iban_remedy(text: str) -> str | None:
    """What is wrong with this compact text as an IBAN, or None. A country that the registry does not list is not held against it."""
    if not _SHAPE.fullmatch(text):
        return "must be an IBAN in upper case such as DE89370400440532013000"
    length = LENGTHS.get(text[:2], len(text))
    if len(text) != length:
        return f"has {len(text)} characters; an IBAN of {text[:2]} has {length}"
    if not holds(text):
        return "has wrong check digits for an IBAN; look for a typing error"
    return None


def holds(text: str) -> bool:
    """ISO 7064 mod 97-10 over a compact IBAN."""
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1

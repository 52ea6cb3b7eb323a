"""Money: integer minor units of an ISO 4217 currency, and the exact way between them and decimal text.

Owns the exponent table (LED-01): libraries that follow CLDR disagree with ISO for 13 currencies, so ours is written out
and tested. Must not know fees, rounding or balances; nothing here rounds, and no float is ever made.
"""

import re

EXPONENT_GROUPS: dict[int, str] = {
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
        "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
        "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: ("BHD IQD JOD KWD LYD OMR TND"),
    0: ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    4: ("CLF UYW"),
}
"""Number of decimals -> ISO 4217 codes that have it."""

EXPONENTS: dict[str, int] = {code: digits for digits, codes in EXPONENT_GROUPS.items() for code in codes.split()}

BALANCE_MAX_MINOR = 2**62
"""No account may pass this, so that every sum of two stays inside 63 bits."""

_HIGHEST_MAJOR_HUNDREDTHS = 99_999_999_999
_HIGHEST_MINOR: dict[str, int] = {code: _HIGHEST_MAJOR_HUNDREDTHS * 10**digits // 100 for code, digits in EXPONENTS.items()}
_DIGITS_MAX = 12
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


class MoneyError(ValueError):
    """The text or number is not an amount of that currency; `str(error)` says why in words fit for a client."""


def exponent(currency: str) -> int:
    """Decimals of a currency. Raises MoneyError for a code that ISO 4217 does not list with minor units."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise MoneyError(f"{currency!r} is not an ISO 4217 currency") from None


def highest_minor(currency: str) -> int:
    """The largest amount of one payout in minor units: 999,999,999.99, or what of it the currency can express (API-09)."""
    exponent(currency)
    return _HIGHEST_MINOR[currency]


def parse_amount(text: str, currency: str) -> int:
    """Decimal text to minor units, exactly (API-09, API-11).

    Takes plain ASCII digits with an optional point: no sign, exponent, grouping, blank or leading zero. Raises MoneyError.
    """
    digits = exponent(currency)
    match = _DECIMAL.fullmatch(text) if len(text) <= _DIGITS_MAX + 1 else None
    if match is None:
        raise MoneyError('must be a decimal string such as "100.50", at most 12 digits, without sign, blank or grouping')
    whole, decimals = match[1], match[2] or ""
    if len(decimals) > digits:
        raise MoneyError(f"{currency} has {digits} decimals, {len(decimals)} were given")
    if len(whole) + len(decimals) > _DIGITS_MAX:
        raise MoneyError("must have at most 12 digits")
    return check_minor(int(whole + decimals.ljust(digits, "0")), currency)


def check_minor(amount_minor: int, currency: str) -> int:
    """The same amount if one payout may have it: above 0 and at most `highest_minor`. Raises MoneyError."""
    if amount_minor <= 0:
        raise MoneyError("must be above 0")
    if amount_minor > highest_minor(currency):
        raise MoneyError(f"must be at most {format_amount(highest_minor(currency), currency)} {currency}")
    return amount_minor


def format_amount(amount_minor: int, currency: str) -> str:
    """Minor units to decimal text with all of the currency's decimals; the sign is kept."""
    digits = exponent(currency)
    if not digits:
        return str(amount_minor)
    text = str(abs(amount_minor)).rjust(digits + 1, "0")
    return f"{'-' if amount_minor < 0 else ''}{text[:-digits]}.{text[-digits:]}"

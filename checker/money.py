"""Decimals of ISO 4217 currencies, and decimal text to minor units. Written from the standard's list of exceptions.

Owns the exponents as the checker knows them. Must not round.
"""

from decimal import Decimal, InvalidOperation

_EXCEPTIONS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = {code: digits for digits, codes in _EXCEPTIONS.items() for code in codes.split()}


def minor(text: object, currency: str) -> int | None:
    """Minor units of decimal text; None for what is no exact amount of the currency."""
    if not isinstance(text, str):
        return None
    try:
        scaled = Decimal(text).scaleb(EXPONENTS.get(currency, 2))
    except InvalidOperation:
        return None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        return None
    return int(scaled)

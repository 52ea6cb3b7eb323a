"""Amounts: three spellings of one integer (API-09 to API-12).

Owns that spellings agree, that a currency is named and enabled, and that no JSON number with a fraction is ever money.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.intake.content import JsonFraction
from domain.intake.faults import Fault
from schemas.money import EXPONENTS, MoneyError, check_minor, parse_amount

FORMS = ("amount", "amount_minor", "amount_paise")


class Amount(NamedTuple):
    """Minor units and currency."""

    minor: int
    currency: str


def read_amount(raw: Mapping[str, object], currencies: frozenset[str]) -> Amount | list[Fault]:
    """The amount that a request names, by whichever forms it uses."""
    given = [name for name in FORMS if raw.get(name) is not None]
    if not given:
        return [
            Fault(pointer="/amount", detail='is required: a decimal string such as "100.50" (or amount_minor, amount_paise)')
        ]
    currency = read_currency(raw, currencies)
    if isinstance(currency, Fault):
        return [currency]
    read = {name: read_form(name, raw[name], currency) for name in given}
    faults = [value for value in read.values() if isinstance(value, Fault)]
    if faults:
        return faults
    minors = {value for value in read.values() if isinstance(value, int)}
    if len(minors) > 1:
        return [
            Fault(pointer=f"/{given[-1]}", detail=f"{' and '.join(given)} name different amounts; send one, or equal ones")
        ]
    return Amount(minors.pop(), currency)


def read_currency(raw: Mapping[str, object], currencies: frozenset[str]) -> str | Fault:
    """The currency; `amount_paise` means INR, the other forms need it named (no silent USD)."""
    currency = raw.get("currency")
    if currency is None:
        if raw.get("amount_paise") is not None:
            currency = "INR"
        else:
            return Fault(pointer="/currency", detail="is required with an amount: an ISO 4217 code such as USD")
    fault = currency_fault(currency, currencies)
    if fault is None and raw.get("amount_paise") is not None and currency != "INR":
        return Fault(pointer="/currency", detail="amount_paise is INR; drop it or the currency")
    return fault or str(currency)


def currency_fault(currency: object, currencies: frozenset[str]) -> Fault | None:
    """Why this is not a currency that can be paid, or None."""
    if not isinstance(currency, str) or currency not in EXPONENTS:
        return Fault(pointer="/currency", detail="must be an ISO 4217 code in upper case, such as USD")
    if currency not in currencies:
        return Fault(pointer="/currency", detail=f"{currency} is not enabled; enabled: {', '.join(sorted(currencies))}")
    return None


def read_form(name: str, value: object, currency: str) -> int | Fault:
    """One spelling of an amount to minor units."""
    try:
        if name == "amount":
            return _decimal(value, currency)
        return check_minor(_integer(value), currency)
    except MoneyError as error:
        return Fault(pointer=f"/{name}", detail=str(error))


def _decimal(value: object, currency: str) -> int:
    if not isinstance(value, str) or isinstance(value, JsonFraction):
        raise MoneyError('must be a decimal string such as "100.50", not a number')
    return parse_amount(value, currency)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise MoneyError("must be an integer of minor units, without fraction or quotes")
    return value

"""Amounts: three spellings of one integer (API-09 to API-12).

Owns that spellings agree, that a currency is named and enabled, and that no JSON number with a fraction is ever money.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.intake.faults import Fault
from schemas.currencies import Currencies
from schemas.money import EXPONENTS, MoneyError, check_minor, format_amount, parse_amount

FORMS = ("amount", "amount_minor", "amount_paise")

_WIDEST = max(EXPONENTS, key=lambda code: EXPONENTS[code])
"""A currency with the most decimals: what is no amount of it is an amount of no currency."""
_NO_CURRENCY_CAN = {
    "amount": 'must be a decimal string such as "100.50": above 0, at most 12 digits, without sign, blank or grouping',
    "amount_minor": "must be an integer of minor units: above 0 and at most the highest amount",
    "amount_paise": "must be an integer of paise: above 0 and at most the highest amount",
}


class Amount(NamedTuple):
    """Minor units and currency."""

    minor: int
    currency: str


def read_amount(raw: Mapping[str, object], currencies: Currencies) -> Amount | list[Fault]:
    """The amount that a request names, by whichever forms it uses; or all that is wrong with amount and currency."""
    currency = read_currency(raw, currencies)
    known = None if isinstance(currency, Fault) else currency
    read = read_forms(raw, known)
    faults = read if isinstance(read, list) else []
    if not read:
        detail = 'is required: a decimal string such as "100.50" (or amount_minor, amount_paise)'
        faults = [Fault(pointer="/amount", detail=detail)]
    if isinstance(currency, Fault):
        return [*faults, currency]
    return faults or Amount(next(iter(read.values())), currency) if isinstance(read, dict) else faults


def highest_faults(raw: Mapping[str, object], amount: Amount, currencies: Currencies) -> list[Fault]:
    """That it is more than one payout of this currency may be here (API-09), at the form that says so; else nothing."""
    highest = currencies[amount.currency]
    if amount.minor <= highest:
        return []
    named = next(name for name in FORMS if raw.get(name) is not None)
    return [
        Fault(pointer=f"/{named}", detail=f"must be at most {format_amount(highest, amount.currency)} {amount.currency}")
    ]


def read_forms(raw: Mapping[str, object], currency: str | None) -> dict[str, int] | list[Fault]:
    """The forms that are given, in minor units, all the same; or their faults.

    Without a currency, only what no currency could express is a fault, and decimal text cannot be compared with the integers.
    """
    given = [name for name in FORMS if raw.get(name) is not None]
    read = {name: read_form(name, raw[name], currency) for name in given}
    faults = [value for value in read.values() if isinstance(value, Fault)]
    if faults:
        return faults
    minors = {name: value for name, value in read.items() if isinstance(value, int)}
    compared = [name for name in given if currency is not None or name != "amount"]
    if len({minors[name] for name in compared}) > 1:
        detail = f"{' and '.join(compared)} name different amounts; send one, or equal ones"
        return [Fault(pointer=f"/{compared[-1]}", detail=detail)]
    return minors


def read_currency(raw: Mapping[str, object], currencies: Currencies) -> str | Fault:
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


def currency_fault(currency: object, currencies: Currencies) -> Fault | None:
    """Why this is not a currency that can be paid, or None."""
    if not isinstance(currency, str) or currency not in EXPONENTS:
        return Fault(pointer="/currency", detail="must be an ISO 4217 code in upper case, such as USD")
    if currency not in currencies:
        return Fault(pointer="/currency", detail=f"{currency} is not enabled; enabled: {', '.join(sorted(currencies))}")
    return None


def read_form(name: str, value: object, currency: str | None) -> int | Fault:
    """One spelling of an amount to minor units of `currency`; without one, to those of the widest, only to be checked."""
    if name == "amount" and not isinstance(value, str):
        return Fault(pointer="/amount", detail='must be a decimal string such as "100.50", not a number')
    if name != "amount" and (isinstance(value, bool) or not isinstance(value, int)):
        return Fault(pointer=f"/{name}", detail="must be an integer of minor units, without fraction or quotes")
    try:
        return _minor(value, currency or _WIDEST)
    except MoneyError as error:
        return Fault(pointer=f"/{name}", detail=str(error) if currency else _NO_CURRENCY_CAN[name])


def _minor(value: object, currency: str) -> int:
    if isinstance(value, str):
        return parse_amount(value, currency)
    assert isinstance(value, int)
    return check_minor(value, currency)

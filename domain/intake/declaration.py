"""What a batch is declared to add up to, read (BAT-07).

Owns the form of row count and sums. Must not know the rows.
"""

from collections.abc import Mapping

from domain.intake.amounts import currency_fault
from domain.intake.faults import Fault
from domain.intake.payout import field_faults
from schemas.currencies import Currencies
from schemas.forms import BatchDeclaration
from schemas.money import MoneyError, parse_amount


def read_declaration(raw: object, currencies: Currencies) -> BatchDeclaration | list[Fault] | None:
    """`{"row_count": 3, "sums": {"USD": "12.50"}}`; either part may be left out."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be an object such as {"row_count": 3, "sums": {"USD": "12.50"}}')]
    faults = field_faults(raw, frozenset({"row_count", "sums"}))
    count, sums = raw.get("row_count"), raw.get("sums")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        faults.append(Fault(pointer="/row_count", detail="must be an integer from 0"))
    minors: dict[str, int] = {}
    if sums is not None:
        faults += _read_sums(sums, currencies, minors)
    if faults:
        return faults
    return BatchDeclaration(count=count if isinstance(count, int) else None, sums_minor=minors if sums is not None else None)


def _read_sums(sums: object, currencies: Currencies, into: dict[str, int]) -> list[Fault]:
    if not isinstance(sums, Mapping):
        return [Fault(pointer="/sums", detail='must map currency to a decimal string, such as {"USD": "12.50"}')]
    faults = []
    for currency, amount in sums.items():
        fault = currency_fault(currency, currencies)
        if fault is not None:
            faults.append(Fault(pointer=f"/sums/{str(currency)[:16]}", detail=fault.detail))
            continue
        try:
            into[currency] = _sum(amount, currency)
        except MoneyError as error:
            faults.append(Fault(pointer=f"/sums/{currency}", detail=str(error)))
    return faults


def _sum(amount: object, currency: str) -> int:
    """A sum may be larger than one payout: it is read in parts of what a payout may be."""
    if not isinstance(amount, str) or type(amount) is not str:
        raise MoneyError("must be a decimal string")
    whole, point, decimals = amount.partition(".")
    if len(whole) <= 9:
        return parse_amount(amount, currency)
    if len(whole) > 15 or not whole.isascii() or not whole.isdigit():
        raise MoneyError("must be a decimal string of at most 15 digits before the point")
    unit = parse_amount("1", currency)
    tail = parse_amount(f"1{point}{decimals}", currency) - unit
    return int(whole) * unit + tail

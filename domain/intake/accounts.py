"""Changes of merchants and of saved accounts, and the amounts that verify one, read (API-27, API-28).

Owns what may be changed and how it is spelled. Must not know what stands there now, nor who may ask.
"""

import re
from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from domain.intake.amounts import currency_fault
from domain.intake.faults import Fault
from domain.intake.payout import field_faults
from domain.intake.text import VALUE_MAX, text_fault
from schemas.currencies import Currencies

ACCOUNT_TYPES = ("savings", "current")
AMOUNTS = 2
_NAMED = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?", re.ASCII)
"""How an amount is written that somebody read on a statement; one that cannot be right is a wrong try, not a fault."""
FIXED = ("holder", "account_number", "ifsc")
"""Who is paid: it never changes."""


class MerchantChange(Struct, frozen=True, kw_only=True):
    """A valid change of a merchant; UNSET stays."""

    name: str | UnsetType = UNSET
    main_currency: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    key_required: bool | UnsetType = UNSET


class AccountChange(Struct, frozen=True, kw_only=True):
    """A valid change of a saved account; UNSET stays."""

    bank_name: str | UnsetType | None = UNSET
    account_type: str | UnsetType = UNSET
    primary: bool | UnsetType = UNSET
    verified: bool | UnsetType = UNSET


class DepositAmounts(Struct, frozen=True, kw_only=True):
    """Two amounts as decimal text."""

    amounts: list[str]


def read_merchant_change(raw: object, *, currencies: Currencies) -> MerchantChange | list[Fault]:
    """The change, or all its faults. It names at least one field."""
    known = ("name", "main_currency", "active", "idempotency_key_required")
    faults = _change_faults(raw, known)
    if faults or not isinstance(raw, Mapping):
        return faults
    if "name" in raw and (fault := text_fault("/name", raw["name"], longest=VALUE_MAX, shortest=1)) is not None:
        faults.append(fault)
    if "main_currency" in raw and (fault := currency_fault(raw["main_currency"], currencies)) is not None:
        faults.append(Fault(pointer="/main_currency", detail=fault.detail))
    faults += _flag_faults(raw, ("active", "idempotency_key_required"))
    return faults or MerchantChange(
        name=raw.get("name", UNSET),
        main_currency=raw.get("main_currency", UNSET),
        active=raw.get("active", UNSET),
        key_required=raw.get("idempotency_key_required", UNSET),
    )


def read_account_change(raw: object) -> AccountChange | list[Fault]:
    """The change, or all its faults. Who is paid is none: save another account and close this one."""
    known = ("bank_name", "account_type", "primary", "verified")
    faults = _fixed_faults(raw) or _change_faults(raw, known)
    if faults or not isinstance(raw, Mapping):
        return faults
    if raw.get("bank_name") is not None and (fault := text_fault("/bank_name", raw["bank_name"], longest=VALUE_MAX)):
        faults.append(fault)
    if "account_type" in raw and raw["account_type"] not in list(ACCOUNT_TYPES):
        faults.append(Fault(pointer="/account_type", detail="must be savings or current"))
    faults += _flag_faults(raw, ("primary", "verified"))
    return faults or AccountChange(**{name: raw.get(name, UNSET) for name in known})


def read_deposit_currency(raw: object, *, currencies: Currencies) -> str | list[Fault] | None:
    """The currency of the deposits, None for the merchant's main one; or all faults. The body may be left out."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = field_faults(raw, frozenset({"currency"}))
    currency = raw.get("currency")
    if currency is not None and (fault := currency_fault(currency, currencies)) is not None:
        faults.append(Fault(pointer="/currency", detail=fault.detail))
    return faults or (None if currency is None else str(currency))


def read_deposit_amounts(raw: object) -> DepositAmounts | list[Fault]:
    """The two amounts as decimal text, or all faults. Whether they are amounts of the deposits' currency is the law's to say."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = field_faults(raw, frozenset({"amounts"}))
    amounts = raw.get("amounts")
    if not isinstance(amounts, list) or len(amounts) != AMOUNTS:
        return [*faults, Fault(pointer="/amounts", detail='must be the two amounts that came in, such as ["0.32", "0.45"]')]
    faults += [
        Fault(pointer=f"/amounts/{place}", detail='must be a decimal string such as "0.32", not a number')
        for place, amount in enumerate(amounts)
        if not isinstance(amount, str) or _NAMED.fullmatch(amount) is None
    ]
    return faults or DepositAmounts(amounts=[str(amount) for amount in amounts])


def _change_faults(raw: object, known: tuple[str, ...]) -> list[Fault]:
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = field_faults(raw, frozenset(known))
    return faults or ([] if raw else [Fault(pointer="", detail=f"must name what changes: {', '.join(known)}")])


def _fixed_faults(raw: object) -> list[Fault]:
    named = [name for name in FIXED if isinstance(raw, Mapping) and name in raw]
    return [Fault(pointer=f"/{name}", detail="never changes; save another account and close this one") for name in named]


def _flag_faults(raw: Mapping[str, object], names: tuple[str, ...]) -> list[Fault]:
    return [
        Fault(pointer=f"/{name}", detail="must be true or false")
        for name in names
        if name in raw and not isinstance(raw[name], bool)
    ]

"""Merchants, their bank accounts and their credits, read (API-27 to API-29)."""

from collections.abc import Mapping

from msgspec import Struct

from domain.intake.amounts import Amount, currency_fault, read_amount
from domain.intake.faults import Fault
from domain.intake.payout import field_faults
from domain.intake.recipients import account_fault, read_recipient
from domain.intake.text import DESCRIPTION_MAX, REFERENCE_MAX, VALUE_MAX, text_fault
from schemas.currencies import Currencies
from schemas.ids import is_merchant_id, is_uuid


class MerchantRequest(Struct, frozen=True, kw_only=True):
    """A valid new merchant."""

    id: str
    name: str
    main_currency: str = "USD"


class CreditRequest(Struct, frozen=True, kw_only=True):
    """A valid credit; minor units."""

    amount_minor: int
    currency: str
    reference: str
    description: str | None = None


class BankAccountRequest(Struct, frozen=True, kw_only=True):
    """A valid bank account; `id` is None when the client leaves it to us."""

    holder: str
    account_number: str
    id: str | None = None
    ifsc: str | None = None
    bank_name: str | None = None
    account_type: str = "current"
    verified: bool = False
    primary: bool = False


def read_merchant_request(raw: object, *, currencies: Currencies) -> MerchantRequest | list[Fault]:
    """A merchant, or all faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = field_faults(raw, frozenset({"id", "name", "main_currency"}))
    if not isinstance(raw.get("id"), str) or not is_merchant_id(str(raw["id"])):
        faults.append(Fault(pointer="/id", detail="must be 1 to 64 lower-case letters, digits, _ or -"))
    faults += _texts(raw, {"name": VALUE_MAX})
    if raw.get("main_currency") is not None and (fault := currency_fault(raw["main_currency"], currencies)) is not None:
        faults.append(Fault(pointer="/main_currency", detail=fault.detail))
    if faults:
        return faults
    return MerchantRequest(id=str(raw["id"]), name=str(raw["name"]), main_currency=str(raw.get("main_currency") or "USD"))


def read_credit(raw: object, *, currencies: Currencies) -> CreditRequest | list[Fault]:
    """A credit, or all faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    known = frozenset({"amount", "amount_minor", "amount_paise", "currency", "reference", "description"})
    faults = field_faults(raw, known) + _texts(raw, {"reference": REFERENCE_MAX})
    if raw.get("description") is not None:
        fault = text_fault("/description", raw["description"], longest=DESCRIPTION_MAX, one_line=False)
        faults += [fault] if fault else []
    amount = read_amount(raw, currencies)
    if isinstance(amount, list):
        return faults + amount
    if faults or not isinstance(amount, Amount):
        return faults
    description = raw.get("description")
    return CreditRequest(
        amount_minor=amount.minor,
        currency=amount.currency,
        reference=str(raw["reference"]),
        description=description if isinstance(description, str) else None,
    )


def read_bank_account(raw: object) -> BankAccountRequest | list[Fault]:
    """A bank account, or all faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    known = {"id", "holder", "account_number", "ifsc", "bank_name", "account_type", "verified", "primary"}
    faults = field_faults(raw, frozenset(known)) + _texts(raw, {"holder": VALUE_MAX, "account_number": VALUE_MAX})
    faults += _account_faults(raw)
    for name in ("verified", "primary"):
        if not isinstance(raw.get(name, False), bool):
            faults.append(Fault(pointer=f"/{name}", detail="must be true or false"))
    if raw.get("account_type", "current") not in ["savings", "current"]:
        faults.append(Fault(pointer="/account_type", detail="must be savings or current"))
    if faults:
        return faults
    return BankAccountRequest(
        id=str(raw["id"]).lower() if raw.get("id") is not None else None,
        holder=str(raw["holder"]),
        account_number=str(raw["account_number"]),
        ifsc=_text(raw, "ifsc"),
        bank_name=_text(raw, "bank_name"),
        account_type=str(raw.get("account_type", "current")),
        verified=bool(raw.get("verified", False)),
        primary=bool(raw.get("primary", False)),
    )


def _account_faults(raw: Mapping[str, object]) -> list[Fault]:
    faults: list[Fault] = []
    account_id, number = raw.get("id"), raw.get("account_number")
    if account_id is not None and not (isinstance(account_id, str) and is_uuid(account_id.lower())):
        faults.append(Fault(pointer="/id", detail="must be a UUID"))
    if isinstance(number, str) and (fault := account_fault("/account_number", number)) is not None:
        faults.append(fault)
    elif isinstance(number, str):
        named = {name: raw[name] for name in ("ifsc", "bank_name") if raw.get(name) is not None}
        read = read_recipient({"account_number": number, **named})
        faults += read if isinstance(read, list) else []
    return faults


def _texts(raw: Mapping[str, object], longest: dict[str, int]) -> list[Fault]:
    faults = []
    for name, most in longest.items():
        if raw.get(name) is None:
            faults.append(Fault(pointer=f"/{name}", detail="is required"))
        elif (fault := text_fault(f"/{name}", raw[name], longest=most, shortest=1)) is not None:
            faults.append(fault)
    return faults


def _text(raw: Mapping[str, object], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) else None

"""Recipients: a bank account, a wallet, or a saved account; exactly one (API-05 to API-08).

Owns which keys make which kind and what they must look like. Extra keys are kept as sent. Must not know which accounts are saved.
"""

import re
from collections.abc import Mapping

from domain.intake.content import JsonFraction
from domain.intake.faults import Fault, under
from domain.intake.text import VALUE_MAX, text_fault
from schemas.words import RecipientType

KEYS_MAX = 20
ACCOUNT_KEYS = ("account_number", "account", "iban")
WALLET_KEYS = ("msisdn", "phone")

_ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./-]{3,32})[A-Za-z0-9]")
_IBAN_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def read_recipient(raw: object) -> dict[str, str] | list[Fault]:
    """`recipient_details` in its normal form: as sent, with its type; a `phone` is also given as `msisdn`."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be an object such as {"account_number": "1234567890"}')]
    faults = _value_faults(raw)
    if faults:
        return faults
    details = {str(key): str(value) for key, value in raw.items()}
    return _typed(details)


def _value_faults(raw: Mapping[object, object]) -> list[Fault]:
    if len(raw) > KEYS_MAX:
        return [Fault(pointer="", detail=f"must have at most {KEYS_MAX} keys")]
    faults = []
    for key, value in raw.items():
        named = text_fault("", key, longest=VALUE_MAX, shortest=1)
        if named is not None or isinstance(value, JsonFraction):
            detail = "must be a text string; send numbers of accounts and phones in quotes"
            faults.append(Fault(pointer=f"/{str(key)[:64]}", detail=named.detail if named else detail))
            continue
        fault = text_fault(f"/{key}", value, longest=VALUE_MAX)
        if fault is not None:
            faults.append(fault)
    return faults


def _typed(details: dict[str, str]) -> dict[str, str] | list[Fault]:
    has_account = any(details.get(key) for key in ACCOUNT_KEYS)
    has_wallet = any(details.get(key) for key in WALLET_KEYS)
    if has_account == has_wallet:
        which = "names two recipients; send one" if has_account else "must name an account_number, an iban or an msisdn"
        return [Fault(pointer="", detail=which)]
    kind = RecipientType.BANK_ACCOUNT if has_account else RecipientType.MOBILE_MONEY
    declared = details.get("type", kind.value)
    if declared != kind.value:
        known = ", ".join(member.value for member in RecipientType)
        return [Fault(pointer="/type", detail=f"is {declared!r}, but the keys make it {kind.value}; known types: {known}")]
    faults = _account_faults(details) if has_account else _wallet_faults(details)
    if faults:
        return faults
    if has_wallet and "msisdn" not in details:
        details["msisdn"] = details["phone"]
    return {"type": kind.value, **{key: value for key, value in details.items() if key != "type"}}


def _account_faults(details: dict[str, str]) -> list[Fault]:
    numbers = {key: details[key] for key in ACCOUNT_KEYS if key in details}
    faults = [fault for key, number in numbers.items() if (fault := account_fault(f"/{key}", number, iban=key == "iban"))]
    if "account" in numbers and "account_number" in numbers and numbers["account"] != numbers["account_number"]:
        faults.append(Fault(pointer="/account", detail="differs from account_number; they are two names of one thing"))
    ifsc = details.get("ifsc")
    if ifsc is not None and not _IFSC.fullmatch(ifsc):
        faults.append(
            Fault(pointer="/ifsc", detail="must be an IFSC: four letters, 0, six letters or digits, such as HDFC0001234")
        )
    return faults


def account_fault(pointer: str, number: str, *, iban: bool = False) -> Fault | None:
    """Why this is not an account number or IBAN, or None. What looks like an IBAN must have its check digits right."""
    compact = number.replace(" ", "")
    if _IBAN_SHAPE.fullmatch(compact):
        if not iban_holds(compact):
            return Fault(pointer=pointer, detail="the IBAN's check digits are wrong; look for a typing error")
        return None
    if iban:
        return Fault(pointer=pointer, detail="must be an IBAN such as DE89370400440532013000")
    if not _ACCOUNT.fullmatch(number):
        return Fault(pointer=pointer, detail="must have 5 to 34 letters, digits, blanks, dots, slashes or hyphens")
    return None


def iban_holds(compact: str) -> bool:
    """ISO 7064 mod 97-10 over an IBAN without blanks."""
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _wallet_faults(details: dict[str, str]) -> list[Fault]:
    numbers = {key: details[key] for key in WALLET_KEYS if key in details}
    faults = [fault for key, number in numbers.items() if (fault := msisdn_fault(f"/{key}", number))]
    if len(set(numbers.values())) > 1:
        faults.append(Fault(pointer="/phone", detail="differs from msisdn; they are two names of one thing"))
    return faults


def msisdn_fault(pointer: str, number: str) -> Fault | None:
    """Why this is not a phone number in E.164, or None."""
    if _E164.fullmatch(number):
        return None
    return Fault(pointer=pointer, detail="must be in E.164 form: +, country code and number, such as +256772123456")


def recipient_faults(faults: list[Fault]) -> list[Fault]:
    """The same faults as faults of a request."""
    return under("/recipient_details", faults)

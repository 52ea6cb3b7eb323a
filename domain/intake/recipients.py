"""Recipients: a bank account, a wallet, or a saved account; exactly one (API-05 to API-08).

Owns which keys make which kind and what they must look like. Extra keys are kept as sent. Must not know which accounts are saved.
"""

import re
from collections.abc import Mapping

from domain.intake.faults import Fault, step, under
from domain.intake.iban import compact, iban_remedy, is_of_iban, looks_like_iban, plain
from domain.intake.phones import msisdn_fault
from domain.intake.text import VALUE_MAX, text_fault
from schemas.words import RecipientType

KEYS_MAX = 20
ACCOUNT_KEYS = ("account_number", "account", "iban")
WALLET_KEYS = ("msisdn", "phone")

_ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./-]{3,32})[A-Za-z0-9]")
_MASKED = re.compile(r"X{4,}[A-Za-z0-9]{4}")
"""How a number is shown to who may not read it: nobody is paid by it."""
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")


def read_recipient(raw: object) -> dict[str, str] | list[Fault]:
    """`recipient_details` in its normal form: as sent, with its type; a `phone` is also given as `msisdn`."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be an object such as {"account_number": "1234567890"}')]
    faults = _value_faults(raw)
    wrong = {fault.pointer for fault in faults}
    details = {str(key): str(value) for key, value in raw.items() if step(key) not in wrong}
    kind = _kind(raw)
    if isinstance(kind, Fault):
        return [*faults, kind]
    faults += _type_faults(details, kind)
    faults += _account_faults(details) if kind is RecipientType.BANK_ACCOUNT else _wallet_faults(details)
    return faults or _normal(details, kind)


def _kind(raw: Mapping[object, object]) -> RecipientType | Fault:
    """The kind that the keys make it, whatever stands under them."""
    has_account, has_wallet = any(key in raw for key in ACCOUNT_KEYS), any(key in raw for key in WALLET_KEYS)
    if has_account == has_wallet:
        which = "names two recipients; send one" if has_account else "must name an account_number, an iban or an msisdn"
        return Fault(pointer="", detail=which)
    return RecipientType.BANK_ACCOUNT if has_account else RecipientType.MOBILE_MONEY


def _normal(details: dict[str, str], kind: RecipientType) -> dict[str, str]:
    if kind is RecipientType.MOBILE_MONEY and "msisdn" not in details:
        details["msisdn"] = details["phone"]
    return {"type": kind.value, **{key: value for key, value in details.items() if key != "type"}}


def _value_faults(raw: Mapping[object, object]) -> list[Fault]:
    if len(raw) > KEYS_MAX:
        return [Fault(pointer="", detail=f"must have at most {KEYS_MAX} keys")]
    found = [_value_fault(key, value) for key, value in raw.items()]
    return [fault for fault in found if fault is not None]


def _value_fault(key: object, value: object) -> Fault | None:
    named = text_fault(step(key), key, longest=VALUE_MAX, shortest=1)
    if named is not None:
        return Fault(pointer=named.pointer, detail=f"has a name that cannot be kept: it {named.detail}")
    if not isinstance(value, str):
        return Fault(pointer=step(key), detail="must be a text string; send numbers of accounts and phones in quotes")
    if not value and key in {*ACCOUNT_KEYS, *WALLET_KEYS}:
        return Fault(pointer=step(key), detail="must not be empty; leave it out if there is none")
    return text_fault(step(key), value, longest=VALUE_MAX)


def _type_faults(details: dict[str, str], kind: RecipientType) -> list[Fault]:
    declared = details.get("type", kind.value)
    if declared == kind.value:
        return []
    known = ", ".join(member.value for member in RecipientType)
    return [
        Fault(pointer="/type", detail=f"is another one than the keys make it, which is {kind.value}; known types: {known}")
    ]


def _account_faults(details: dict[str, str]) -> list[Fault]:
    numbers = {key: details[key] for key in ACCOUNT_KEYS if key in details}
    faults = [fault for key, number in numbers.items() if (fault := account_fault(f"/{key}", number, iban=key == "iban"))]
    if "account" in numbers and "account_number" in numbers and numbers["account"] != numbers["account_number"]:
        faults.append(Fault(pointer="/account", detail="differs from account_number; they are two names of one thing"))
    if "iban" in numbers and not faults:
        faults += _other_iban_faults(numbers["iban"], numbers)
    ifsc = details.get("ifsc")
    if ifsc is not None and not _IFSC.fullmatch(ifsc):
        faults.append(
            Fault(pointer="/ifsc", detail="must be an IFSC: four letters, 0, six letters or digits, such as HDFC0001234")
        )
    return faults


def _other_iban_faults(iban: str, numbers: dict[str, str]) -> list[Fault]:
    """A number beside an IBAN is the same account: the whole of it, or a part of what stands behind its check digits."""
    number = numbers.get("account_number", numbers.get("account"))
    if number is None or is_of_iban(number, iban):
        return []
    return [Fault(pointer="/iban", detail="is another account than account_number; send one recipient")]


def account_fault(pointer: str, number: str, *, iban: bool = False) -> Fault | None:
    """Why this is not an account number or IBAN, or None. What looks like an IBAN, however it is written, must hold as one."""
    text = compact(number)
    if _MASKED.fullmatch(text):
        return Fault(pointer=pointer, detail="is masked: only its last digits are there; send the whole number")
    if iban or looks_like_iban(plain(number)):
        remedy = iban_remedy(text if iban else plain(number))
        return Fault(pointer=pointer, detail=remedy) if remedy is not None else None
    if not _ACCOUNT.fullmatch(number):
        return Fault(pointer=pointer, detail="must have 5 to 34 letters, digits, blanks, dots, slashes or hyphens")
    return None


def _wallet_faults(details: dict[str, str]) -> list[Fault]:
    numbers = {key: details[key] for key in WALLET_KEYS if key in details}
    faults = [fault for key, number in numbers.items() if (fault := msisdn_fault(f"/{key}", number))]
    if len(set(numbers.values())) > 1:
        faults.append(Fault(pointer="/phone", detail="differs from msisdn; they are two names of one thing"))
    return faults


def recipient_faults(faults: list[Fault]) -> list[Fault]:
    """The same faults as faults of a request."""
    return under("/recipient_details", faults)

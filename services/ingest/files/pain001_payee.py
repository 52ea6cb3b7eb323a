"""A CdtTrfTxInf element as the cells of a row: which element of the standard is which field of a payout.

Owns that table. An EndToEndId of NOTPROVIDED is no reference. Must not check: a wrong text is refused by the rules of every row.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

COLUMNS = (
    "amount", "currency", "iban", "account_number", "msisdn", "name", "bic", "bank_code", "reference", "description",
)  # fmt: skip
AMOUNT = "Amt/InstdAmt"
CURRENCY = "Amt/InstdAmt/@Ccy"
IBAN = "CdtrAcct/Id/IBAN"
NOT_PROVIDED = "NOTPROVIDED"
PHONE_SCHEMES = frozenset({"MSISDN", "MBNO", "TELE", "MOBILE", "PHONE"})


def text_of(element: Any, path: str) -> str:
    """The text at a path of local names below an element, without outer blanks; empty if there is none."""
    found = element.find("/".join("{*}" + name for name in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def execution_date(part: Any) -> str:
    """ISO date on which a PmtInf is to be carried out: text in .03, Dt or DtTm in .09."""
    text = text_of(part, "ReqdExctnDt") or text_of(part, "ReqdExctnDt/Dt") or text_of(part, "ReqdExctnDt/DtTm")
    return text[:10]


@lru_cache(64)
def is_day(text: str) -> bool:
    """Whether this is a day of the calendar in ISO form."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def texts_of(transfer: Any) -> dict[str, str]:
    """Path of local names -> text, of all that stands in a CdtTrfTxInf; several of one path joined by a blank."""
    found: dict[str, str] = {}
    _collect(transfer, "", found)
    return found


def _collect(element: Any, path: str, found: dict[str, str]) -> None:
    for child in element:
        name = path + child.tag.rsplit("}", 1)[-1]
        text = (child.text or "").strip()
        if text:
            found[name] = f"{found[name]} {text}" if name in found else text
        if name == AMOUNT:
            found[CURRENCY] = child.get("Ccy", "")
        if len(child):
            _collect(child, name + "/", found)


def cells_of(texts: Mapping[str, str]) -> list[str]:
    """The row of a CdtTrfTxInf, in the order of COLUMNS."""
    account, phone = _other_account(texts)
    reference = texts.get("PmtId/EndToEndId", "")
    return [
        texts.get(AMOUNT, ""),
        texts.get(CURRENCY, ""),
        texts.get(IBAN, ""),
        account,
        phone,
        texts.get("Cdtr/Nm", ""),
        texts.get("CdtrAgt/FinInstnId/BICFI", "") or texts.get("CdtrAgt/FinInstnId/BIC", ""),
        texts.get("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId", ""),
        "" if reference == NOT_PROVIDED else reference,
        texts.get("RmtInf/Ustrd", "") or texts.get("RmtInf/Strd/CdtrRefInf/Ref", ""),
    ]


def _other_account(texts: Mapping[str, str]) -> tuple[str, str]:
    """(account number, phone number): an account that is no IBAN, or the wallet that the account or its proxy names."""
    number = texts.get("CdtrAcct/Id/Othr/Id", "")
    if number:
        is_wallet = _is_phone_scheme(texts, "CdtrAcct/Id/Othr/SchmeNm")
        return ("", _phone(number)) if is_wallet else (number, "")
    is_wallet = IBAN not in texts and _is_phone_scheme(texts, "CdtrAcct/Prxy/Tp")
    return "", _phone(texts.get("CdtrAcct/Prxy/Id", "")) if is_wallet else ""


def _is_phone_scheme(texts: Mapping[str, str], path: str) -> bool:
    return (texts.get(f"{path}/Cd") or texts.get(f"{path}/Prtry", "")).upper() in PHONE_SCHEMES


def _phone(number: str) -> str:
    """`+256-772123456`, as the standard writes it, in E.164."""
    return number.replace("-", "", 1) if number.startswith("+") else number

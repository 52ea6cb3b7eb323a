"""An edit of a payout, read (API-16, API-21, API-23).

Owns which fields may change and which only may be sent back unchanged. Must not know the payout's state.
"""

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from domain.intake.amounts import FORMS, currency_fault, read_form
from domain.intake.faults import Fault
from domain.intake.payout import READ_ONLY, field_faults, read_payee
from domain.intake.text import DESCRIPTION_MAX, text_fault
from domain.intake.versions import version_faults
from schemas.currencies import Currencies

EDITABLE = frozenset(
    {"amount", "amount_minor", "amount_paise", "currency", "recipient_details", "bank_account_id", "description"}
)
ACCEPTED = EDITABLE | READ_ONLY | {"expected_version", "merchant_id", "reference"}
REPLACED = ("currency", "description")


class EditFields(Struct, frozen=True, kw_only=True):
    """What changes; UNSET stays. `read_only` holds fields that must equal the payout's current ones, or it is a fault."""

    amount: str | UnsetType = UNSET
    amount_minor: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    recipient: dict[str, str] | UnsetType = UNSET
    bank_account_id: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    expected_version: int | None = None
    read_only: dict[str, object] = {}


def read_edit(raw: object, *, currencies: Currencies, replace: bool = False) -> EditFields | list[Fault]:
    """The edit, or all its faults. `replace` (PUT) needs amount, currency, recipient and description."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = field_faults(raw, ACCEPTED)
    faults += _missing(raw) if replace else []
    faults += _amount_faults(raw, currencies)
    payee = _payee(raw)
    faults += payee if isinstance(payee, list) else []
    faults += _other_faults(raw)
    if faults or isinstance(payee, list):
        return faults
    return _fields(raw, payee)


def _fields(raw: Mapping[str, object], payee: tuple[dict[str, str] | None, str | None]) -> EditFields:
    minor = raw.get("amount_minor", raw.get("amount_paise"))
    currency = raw.get("currency", "INR" if raw.get("amount_paise") is not None else None)
    amount, version, description = raw.get("amount"), raw.get("expected_version"), raw.get("description")
    return EditFields(
        amount=amount if isinstance(amount, str) else UNSET,
        amount_minor=minor if isinstance(minor, int) else UNSET,
        currency=currency if isinstance(currency, str) else UNSET,
        recipient=payee[0] if payee[0] is not None else UNSET,
        bank_account_id=payee[1] if payee[1] is not None else UNSET,
        description=(description if isinstance(description, str) else None) if "description" in raw else UNSET,
        expected_version=version if isinstance(version, int) else None,
        read_only={name: value for name, value in raw.items() if name in READ_ONLY or name in {"merchant_id", "reference"}},
    )


def _missing(raw: Mapping[str, object]) -> list[Fault]:
    faults = [
        Fault(pointer=f"/{name}", detail="is required when a payout is replaced") for name in REPLACED if name not in raw
    ]
    if not any(raw.get(name) is not None for name in ("amount", "amount_minor", "amount_paise")):
        faults.append(Fault(pointer="/amount", detail="is required when a payout is replaced"))
    if raw.get("recipient_details") is None and raw.get("bank_account_id") is None:
        faults.append(Fault(pointer="/recipient_details", detail="is required when a payout is replaced"))
    return faults


def _amount_faults(raw: Mapping[str, object], currencies: Currencies) -> list[Fault]:
    """What can be said of the amount without the payout: with a good currency all of it, else what is wrong in any."""
    currency, paise = raw.get("currency"), raw.get("amount_paise") is not None
    wrong = currency_fault(currency, currencies) if currency is not None else None
    if wrong is None and paise and currency not in {None, "INR"}:
        wrong = Fault(pointer="/currency", detail="amount_paise is INR; drop it or the currency")
    named = None if wrong is not None or not isinstance(currency, str) else currency
    known = "INR" if named is None and wrong is None and paise else named
    faults = [*(_form_fault(raw, name, known, in_any=wrong is not None) for name in FORMS), wrong]
    return [fault for fault in faults if fault is not None]


def _form_fault(raw: Mapping[str, object], name: str, currency: str | None, *, in_any: bool) -> Fault | None:
    """`in_any`: no currency is known that the payout could have; an integer is then judged by the widest."""
    value = raw.get(name)
    if value is None:
        return Fault(pointer=f"/{name}", detail="must not be null") if name in raw else None
    read = read_form(name, value, currency if in_any or name == "amount" else currency or "USD")
    return read if isinstance(read, Fault) else None


def _payee(raw: Mapping[str, object]) -> tuple[dict[str, str] | None, str | None] | list[Fault]:
    if raw.get("recipient_details") is None and raw.get("bank_account_id") is None:
        return None, None
    return read_payee(raw)


def _other_faults(raw: Mapping[str, object]) -> list[Fault]:
    faults = []
    if raw.get("description") is not None:
        faults.append(text_fault("/description", raw["description"], longest=DESCRIPTION_MAX, one_line=False))
    return [*(fault for fault in faults if fault is not None), *version_faults(raw)]

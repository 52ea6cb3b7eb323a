"""A payout request, read (API-03 to API-16): the same for a REST body, a row of a batch and an inbox record.

Owns which fields there are. All faults come at once. Must not know merchants, balances or saved accounts.
"""

from collections.abc import Mapping

from msgspec import Struct

from domain.intake.amounts import Amount, highest_faults, read_amount
from domain.intake.faults import Fault, step
from domain.intake.recipients import read_recipient, recipient_faults
from domain.intake.text import DESCRIPTION_MAX, REFERENCE_MAX, choice_fault, text_fault
from schemas.currencies import Currencies
from schemas.forms import PayoutForm
from schemas.ids import is_merchant_id, is_uuid
from schemas.words import OnInsufficientFunds

FIELDS = frozenset(
    {
        "amount",
        "amount_minor",
        "amount_paise",
        "currency",
        "recipient_details",
        "bank_account_id",
        "reference",
        "description",
        "on_insufficient_funds",
        "merchant_id",
    }
)
READ_ONLY = frozenset(
    {
        "id",
        "status",
        "version",
        "reason",
        "batch_id",
        "row",
        "fee",
        "fee_minor",
        "waits_until",
        "provider",
        "attempt_count",
        "failure_code",
        "failure_reason",
        "bank_reference_id",
        "bank_account",
        "expected_settlement_date",
        "idempotency_key",
        "created_at",
        "updated_at",
        "processing_started_at",
        "completed_at",
        "failed_at",
        "canceled_at",
        "returned_at",
        "settled_at",
    }
)


class PayoutRequest(Struct, frozen=True, kw_only=True):
    """A valid request. `merchant_id` is what the body names, if it does."""

    form: PayoutForm
    on_insufficient_funds: OnInsufficientFunds = OnInsufficientFunds.REFUSE
    merchant_id: str | None = None


def read_payout(raw: object, *, currencies: Currencies) -> PayoutRequest | list[Fault]:
    """The request, or all its faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = [*field_faults(raw, FIELDS), *_text_faults(raw), *_choice_faults(raw)]
    amount = read_amount(raw, currencies)
    recipient = read_payee(raw)
    faults += amount if isinstance(amount, list) else highest_faults(raw, amount, currencies)
    if isinstance(recipient, list):
        faults += recipient
    if faults or not isinstance(amount, Amount) or isinstance(recipient, list):
        return faults
    details, account_id = recipient
    form = PayoutForm(
        amount_minor=amount.minor,
        currency=amount.currency,
        recipient=details,
        bank_account_id=account_id,
        reference=_text(raw, "reference"),
        description=_text(raw, "description"),
    )
    choice = raw.get("on_insufficient_funds")
    return PayoutRequest(
        form=form,
        on_insufficient_funds=OnInsufficientFunds(choice) if isinstance(choice, str) else OnInsufficientFunds.REFUSE,
        merchant_id=_text(raw, "merchant_id"),
    )


def read_payee(raw: Mapping[str, object]) -> tuple[dict[str, str] | None, str | None] | list[Fault]:
    """(recipient, None) or (None, bank account id): exactly one (API-06)."""
    details, account_id = raw.get("recipient_details"), raw.get("bank_account_id")
    if (details is None) == (account_id is None):
        which = (
            "send recipient_details or bank_account_id, not both"
            if details is not None
            else "is required, or bank_account_id"
        )
        return [Fault(pointer="/recipient_details", detail=which)]
    if account_id is not None:
        if not isinstance(account_id, str) or not is_uuid(account_id.lower()):
            return [Fault(pointer="/bank_account_id", detail="must be the UUID of a saved bank account")]
        return None, account_id.lower()
    read = read_recipient(details)
    return recipient_faults(read) if isinstance(read, list) else (read, None)


def field_faults(raw: Mapping[str, object], known: frozenset[str]) -> list[Fault]:
    """Faults for fields that a client may not write or that do not exist (API-16)."""
    faults = []
    for name in raw:
        if name in known:
            continue
        detail = "is read-only; leave it out" if name in READ_ONLY else "is not a known field; remove it or correct its name"
        faults.append(Fault(pointer=step(name), detail=detail))
    return faults


def _text_faults(raw: Mapping[str, object]) -> list[Fault]:
    faults = []
    if raw.get("description") is not None:
        faults.append(text_fault("/description", raw["description"], longest=DESCRIPTION_MAX, one_line=False))
    if raw.get("reference") is not None:
        faults.append(text_fault("/reference", raw["reference"], longest=REFERENCE_MAX, shortest=1))
    return [fault for fault in faults if fault is not None]


def _choice_faults(raw: Mapping[str, object]) -> list[Fault]:
    faults = []
    choice, merchant = raw.get("on_insufficient_funds"), raw.get("merchant_id")
    if (fault := choice_fault("/on_insufficient_funds", choice, OnInsufficientFunds)) is not None:
        faults.append(fault)
    if merchant is not None and not (isinstance(merchant, str) and is_merchant_id(merchant)):
        detail = "must be 1 to 64 lower-case letters, digits, _ or -"
        faults.append(Fault(pointer="/merchant_id", code="unknown_merchant", detail=detail))
    return faults


def _text(raw: Mapping[str, object], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) else None

"""What facts about merchants, their accounts and their money write, and what an idempotency key remembers.

Must not know payouts.
"""

import msgspec

from schemas import events
from schemas.events import EventRecord
from services.projector.copy_text import storable
from services.projector.scene import Scene


def merchant_opened(scene: Scene, event: events.MerchantOpened) -> None:
    """A merchant."""
    _merchant(scene, event, active=True, key_required=False)


def merchant_changed(scene: Scene, event: events.MerchantChanged) -> None:
    """The merchant as it is now; the time of its opening stays."""
    _merchant(scene, event, active=event.active, key_required=event.key_required)


def _merchant(scene: Scene, event: events.MerchantOpened | events.MerchantChanged, **more: bool) -> None:
    scene.changes.add_merchant(
        {
            "id": scene.merchant_id,
            "name": event.name,
            "main_currency": event.main_currency,
            "partition": scene.partition,
            "created_at": scene.at,
            **more,
        }
    )


def bank_account_added(scene: Scene, event: events.BankAccountAdded) -> None:
    """A payee account of the merchant."""
    _account(scene, event, closed_at=None, verification=None)


def bank_account_changed(scene: Scene, event: events.BankAccountChanged) -> None:
    """The account as it is now, and what a deposit cost."""
    scene.posted(event.postings, payouts=0)
    state = event.verification
    _account(
        scene,
        event,
        closed_at=event.closed_at,
        verification=None if state is None else msgspec.json.encode(state).decode(),
    )


def _account(scene: Scene, event: events.BankAccountAdded | events.BankAccountChanged, **more: object) -> None:
    scene.changes.add_account(
        {
            "id": event.bank_account_id,
            "merchant_id": scene.merchant_id,
            "holder": event.holder,
            "account_number": event.account_number,
            "ifsc": event.ifsc,
            "bank_name": event.bank_name,
            "account_type": event.account_type,
            "verified": event.verified,
            "is_primary": event.primary,
            "created_at": scene.at,
            **more,
        }
    )


def merchant_credited(scene: Scene, event: events.MerchantCredited) -> None:
    """Money came in: its entries, and its reference, which is taken for ever."""
    scene.posted(event.postings, payouts=0)
    scene.changes.credits.append(
        {
            "merchant_id": scene.merchant_id,
            "reference": storable(event.reference),
            "credit_id": event.credit_id,
            "amount_minor": event.amount_minor,
            "currency": event.currency,
            "description": None if event.description is None else storable(event.description),
            "created_at": scene.at,
            "offset": scene.offset,
        }
    )


def answer_row(scene: Scene, record: EventRecord, kept: events.Remember) -> dict[str, object]:
    """What an idempotency key remembers: the answer byte for byte, or none while it is in flight."""
    answer = record.answer
    return {
        "merchant_id": scene.merchant_id,
        "key": kept.key,
        "content_hash": kept.content_hash,
        "subject": record.subject,
        "status": None if answer is None else answer.status,
        "body": None if answer is None else answer.body,
        "version": None if answer is None else answer.version,
        "expires_at": kept.expires_at,
        "partition": scene.partition,
        "offset": scene.offset,
    }

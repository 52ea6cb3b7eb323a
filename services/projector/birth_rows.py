"""How a payout is born: alone, refused on intake, or as a row of a batch.

Owns the fixed columns of a payout as COPY text. Must not know what happens to it later.
"""

import msgspec

from schemas import events
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id
from schemas.words import PayoutStatus, Reason
from services.projector.copy_text import NULL, text_field
from services.projector.moves import Move
from services.projector.scene import Scene
from services.projector.steps import NewPayout

S = PayoutStatus
_JSON = msgspec.json.Encoder()

FIRST_VERSION = 1


def payout_accepted(scene: Scene, event: events.PayoutAccepted) -> None:
    """A single payout is pending, with its hold, or waits for funds and has none."""
    state = _born(scene.at, S.PENDING, reason=event.reason, due_at=event.release_at)
    _single(scene, event.payout_id, _form_fields(event.form, event.fee_minor), event.form.reference, event.key, state)
    scene.posted(event.postings, payouts=1, payout_id=event.payout_id)


def payout_rejected(scene: Scene, event: events.PayoutRejected) -> None:
    """A single payout is kept as refused on intake (ERR-03)."""
    state = _born(
        scene.at, S.REJECTED, reason=Reason.INSUFFICIENT_FUNDS, failure_code=event.code, failure_reason=event.detail
    )
    _single(scene, event.payout_id, _form_fields(event.form, 0), event.form.reference, event.key, state)


def _single(scene: Scene, payout_id: str, form: str, reference: str | None, key: str | None, state: Move) -> None:
    head = (
        f"{payout_id}\t{scene.merchant_id}\t{scene.partition}\t{NULL}\t{NULL}\t{text_field(reference)}\t{text_field(key)}\t"
        f"{scene.at}\t{form}"
    )
    scene.changes.payouts().add(payout_id, NewPayout(head, state))
    scene.changed(payout_id, None, state)


def rows_added(scene: Scene, event: events.RowsAdded) -> None:
    """Rows of a batch: the path of most payouts, so what they share is made once."""
    state = _born(scene.at, S.PENDING)
    batch_id, born = event.batch_id, scene.changes.payouts().born
    place, time = f"{scene.merchant_id}\t{scene.partition}\t{batch_id}", f"{NULL}\t{scene.at}"
    for row, form in enumerate(event.rows, event.first_row):
        payout_id = row_payout_id(batch_id, row)
        head = f"{payout_id}\t{place}\t{row}\t{text_field(form.reference)}\t{time}\t{_form_fields(form, 0)}"
        born[payout_id] = NewPayout(head, state)
        scene.changed(payout_id, batch_id, state)
    scene.counted(batch_id, event.totals, row_count=event.first_row + len(event.rows) - 1, **_refused(event))
    scene.batch_moved(batch_id, "open", first_row=event.first_row, row_count=len(event.rows))
    for delta in event.totals:
        scene.changes.grow_batch(batch_id, {delta.currency: delta.amount_minor})


def _refused(event: events.RowsAdded) -> dict[str, object]:
    """Rows of the batch that stayed out up to now, where that changes."""
    out = event.refused_rows
    return {} if out is None else {"refused_rows": msgspec.json.encode(out).decode()}


def _born(
    at: int,
    status: PayoutStatus,
    *,
    reason: Reason | None = None,
    due_at: int | None = None,
    failure_code: str | None = None,
    failure_reason: str | None = None,
) -> Move:
    return Move(
        expects=0,
        version=FIRST_VERSION,
        status=status,
        updated_at=at,
        reason=reason,
        due_at=due_at,
        failure_code=failure_code,
        failure_reason=failure_reason,
        attempt_count=0,
        inquiry_count=0,
    )


def _form_fields(form: PayoutForm, fee_minor: int) -> str:
    recipient = text_field(recipient_text(form))
    return (
        f"{form.amount_minor}\t{form.currency}\t{fee_minor}\t{recipient}\t{form.bank_account_id or NULL}\t"
        f"{text_field(form.description)}"
    )


def recipient_text(form: PayoutForm) -> str | None:
    """The recipient as JSON text, its keys in the order they came."""
    return None if form.recipient is None else _JSON.encode(form.recipient).decode()

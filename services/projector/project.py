"""Events to rows: what each fact writes into the views. Pure.

Owns which fact touches which row; everything follows from the record itself, so no state is kept between records, and a rebuild gives
the same rows (RUN-25). A fact we do not know never gets here: the codec refuses it (RUN-27). Must not know SQL.
"""

from collections.abc import Callable
from typing import Any

from schemas import events
from schemas.events import EventRecord
from services.projector import batch_rows, birth_rows, figure_rows, merchant_rows, move_rows
from services.projector.changes import Changes
from services.projector.scene import Scene


def project(changes: Changes, offset: int, record: EventRecord) -> None:
    """Fold one record, which stands at `offset`, into the transaction. Raises DriftError."""
    scene = Scene(changes, offset, record)
    for event in record.events:
        _WRITERS[type(event)](scene, event)
    figure_rows.count(changes, record)
    if record.remember is not None:
        changes.remember(merchant_rows.answer_row(scene, record, record.remember))
    if not changes.records:
        changes.first_at = record.at
    changes.records += 1
    changes.next_offset = offset + 1
    changes.next_source = record.source_offset + 1
    changes.last_at = record.at


def _nothing(scene: Scene, event: events.AnswerContradicted | events.CommandRefused) -> None:
    """These move no row; the log keeps them."""


_WRITERS: dict[type, Callable[[Scene, Any], None]] = {
    events.MerchantOpened: merchant_rows.merchant_opened,
    events.BankAccountAdded: merchant_rows.bank_account_added,
    events.MerchantChanged: merchant_rows.merchant_changed,
    events.BankAccountChanged: merchant_rows.bank_account_changed,
    events.MerchantCredited: merchant_rows.merchant_credited,
    events.PayoutAccepted: birth_rows.payout_accepted,
    events.PayoutRejected: birth_rows.payout_rejected,
    events.PayoutsFunded: move_rows.payouts_funded,
    events.BatchOpened: batch_rows.batch_opened,
    events.RowsAdded: birth_rows.rows_added,
    events.BatchReleased: batch_rows.batch_released,
    events.BatchRefused: batch_rows.batch_refused,
    events.BatchCanceled: batch_rows.batch_canceled,
    events.BatchStopped: batch_rows.batch_stopped,
    events.AttemptsStarted: move_rows.attempts_started,
    events.PayoutsCompleted: move_rows.payouts_completed,
    events.PayoutsFailed: move_rows.payouts_failed,
    events.RetriesScheduled: move_rows.retries_scheduled,
    events.OutcomesUnknown: move_rows.outcomes_unknown,
    events.AttemptsInProgress: move_rows.attempts_in_progress,
    events.AnswerContradicted: _nothing,
    events.PayoutEdited: move_rows.payout_edited,
    events.PayoutCanceled: move_rows.payout_canceled,
    events.CommandRefused: _nothing,
}
"""One writer per fact; a test holds that every fact of `schemas.events.AnyEvent` has one."""

"""What is told of each fact of an event record (WHK-01).

Owns which fact tells what, and that of a merchant whom nobody listens to no payouts are told. A row of a batch is silent until its
batch is released: what becomes of it before is told by the batch, once. Must not know who is told, and keeps no personal data: recipients
are added, masked, when a webhook is sent.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from domain.payout.view import amounts
from domain.webhooks import kinds
from domain.webhooks.masking import masked_text
from domain.webhooks.notice import Notice, order_number
from domain.webhooks.tally import PER_MOVE, BatchMove
from schemas import events
from schemas.events import EventRecord, Posting, TotalsDelta
from schemas.forms import PayoutForm
from schemas.words import AVAILABLE, HELD, BatchPhase, PayoutStatus, Reason

S = PayoutStatus
ENDED = frozenset({S.COMPLETED, S.FAILED, S.CANCELED, S.REJECTED, S.RETURNED})
FIRST_VERSION = 1


class Told:
    """Everything that one record tells, in order. `moves` need the batch's tally before they are notices."""

    def __init__(self, offset: int, record: EventRecord, heard: bool = True) -> None:
        """Nothing yet. `offset` is the record's own on payouts.events; `heard` says whether anybody listens to the merchant."""
        self.offset, self.record, self.heard = offset, record, heard
        self.parts: list[Notice | BatchMove] = []
        self.currencies: set[str] = set()
        self._index = 0

    def take(self, count: int) -> int:
        """The first of `count` order numbers that are used up now."""
        first = order_number(self.offset, self._index)
        self._index += count
        return first

    def payout(self, payout_id: str, kind: str, version: int, **own: object) -> None:
        """A payout has changed."""
        order = self.take(1)
        if not self.heard:
            return
        state = {"id": payout_id, "version": version, **{name: value for name, value in own.items() if value is not None}}
        self.parts.append(
            Notice(
                merchant_id=self.record.merchant_id,
                subject=f"payout:{payout_id}",
                kind=kind,
                version=version,
                order=order,
                at=self.record.at,
                own=state,
            )
        )

    def payouts(self, items: Sequence[Any], one: Callable[[Any], None]) -> None:
        """Many have changed: `one` tells each. Their order numbers are used up also where nobody listens."""
        if self.heard:
            for item in items:
                one(item)
        else:
            self.take(len(items))

    def batch(self, batch_id: str | None, totals: Iterable[TotalsDelta] = (), *, rows: int = 0, **more: Any) -> None:
        """A batch has changed, if this is about one."""
        if batch_id is None:
            return
        done = sum(delta.count for delta in totals if delta.status in ENDED)
        merchant_id, at = self.record.merchant_id, self.record.at
        move = BatchMove(
            batch_id=batch_id, merchant_id=merchant_id, at=at, order=self.take(PER_MOVE), rows=rows, done=done, **more
        )
        self.parts.append(move)

    def posted(self, postings: Iterable[Posting]) -> None:
        """Money moved: a balance that the merchant sees has changed."""
        self.currencies |= {posting.currency for posting in postings if posting.account in {AVAILABLE, HELD}}

    def finish(self) -> None:
        """One notice per currency whose balance changed, behind all others."""
        for currency in sorted(self.currencies):
            self.parts.append(
                Notice(
                    merchant_id=self.record.merchant_id,
                    subject=f"balance:{currency}",
                    kind=kinds.BALANCE_UPDATED,
                    version=0,
                    order=self.take(1),
                    at=self.record.at,
                    own={"currency": currency},
                )
            )


def tell(offset: int, record: EventRecord, heard: bool = True) -> list[Notice | BatchMove]:
    """What a record, which stands at `offset`, tells; the same for a repeat. Raises KeyError for a fact that nobody taught us.

    Of a merchant who is not `heard` payouts are left out: nobody would be told, and a file has many.
    """
    told = Told(offset, record, heard)
    for event in record.events:
        _TELLERS[type(event)](told, event)
        told.posted(getattr(event, "postings", ()))
    told.finish()
    return told.parts


def _amount(form: PayoutForm) -> dict[str, object]:
    return {**amounts(form.amount_minor, form.currency), "reference": form.reference}


def _accepted(told: Told, event: events.PayoutAccepted) -> None:
    told.payout(
        event.payout_id,
        kinds.of_status(S.PENDING),
        FIRST_VERSION,
        status=S.PENDING,
        reason=event.reason,
        **_amount(event.form),
    )


def _rejected(told: Told, event: events.PayoutRejected) -> None:
    state = {"status": S.REJECTED, "failure_code": event.code, "failure_reason": event.detail}
    told.payout(
        event.payout_id,
        kinds.of_status(S.REJECTED),
        FIRST_VERSION,
        **state,
        reason=Reason.INSUFFICIENT_FUNDS,
        **_amount(event.form),
    )


def _funded(told: Told, event: events.PayoutsFunded) -> None:
    def one(item: events.FundedPayout) -> None:
        told.payout(item.payout_id, kinds.of_status(S.PENDING), item.version, status=S.PENDING, reason=item.reason)

    told.payouts(event.payouts, one)


def _edited(told: Told, event: events.PayoutEdited) -> None:
    own = {"status": S.PENDING, "batch_id": event.batch_id}
    told.payout(event.payout_id, kinds.UPDATED, event.version, **own, **_amount(event.form))
    told.batch(event.batch_id, event.totals)


def _canceled(told: Told, event: events.PayoutCanceled) -> None:
    own = {"status": S.CANCELED, "failure_reason": masked_text(event.reason), "batch_id": event.batch_id}
    told.payout(event.payout_id, kinds.of_status(S.CANCELED), event.version, **own)
    told.batch(event.batch_id, event.totals)


def _started(told: Told, event: events.AttemptsStarted) -> None:
    def one(item: events.StartedAttempt) -> None:
        own = {"status": S.PROCESSING, "attempt": item.attempt, "batch_id": event.batch_id}
        told.payout(item.payout_id, kinds.of_status(S.PROCESSING), item.version, **own)

    told.payouts(event.attempts, one)
    told.batch(event.batch_id, event.totals)


def _progressing(told: Told, event: events.AttemptsInProgress) -> None:
    def one(item: events.ProgressingPayout) -> None:
        own = {"status": S.PROCESSING, "reason": Reason.IN_PROGRESS, "attempt": item.attempt, "batch_id": event.batch_id}
        reference = masked_text(item.provider_reference)
        told.payout(item.payout_id, kinds.of_status(S.PROCESSING), item.version, **own, bank_reference_id=reference)

    told.payouts(event.payouts, one)
    told.batch(event.batch_id, event.totals)


def _completed(told: Told, event: events.PayoutsCompleted) -> None:
    def one(item: events.PaidPayout) -> None:
        own = {"status": S.COMPLETED, "attempt": item.attempt, "batch_id": event.batch_id}
        reference = masked_text(item.provider_reference)
        told.payout(item.payout_id, kinds.of_status(S.COMPLETED), item.version, **own, bank_reference_id=reference)

    told.payouts(event.payouts, one)
    told.batch(event.batch_id, event.totals)


def _unpaid(status: PayoutStatus, reason: Reason | None) -> Callable[[Told, Any], None]:
    def teller(told: Told, event: events.PayoutsFailed | events.RetriesScheduled | events.OutcomesUnknown) -> None:
        def one(item: events.UnpaidPayout) -> None:
            own = {"status": status, "reason": reason, "attempt": item.attempt, "batch_id": event.batch_id}
            failure = {"failure_code": item.code, "failure_reason": masked_text(item.reason)}
            told.payout(item.payout_id, kinds.of_status(status), item.version, **own, **failure)

        told.payouts(event.payouts, one)
        told.batch(event.batch_id, event.totals)

    return teller


def _opened(told: Told, event: events.BatchOpened) -> None:
    told.batch(event.batch_id, phase=BatchPhase.OPEN)


def _rows_added(told: Told, event: events.RowsAdded) -> None:
    told.batch(event.batch_id, event.totals, rows=len(event.rows))


def _released(told: Told, event: events.BatchReleased) -> None:
    told.batch(event.batch_id, phase=BatchPhase.RELEASED)


def _refused(told: Told, event: events.BatchRefused) -> None:
    told.batch(event.batch_id, event.totals, phase=BatchPhase.REFUSED, code=event.code, detail=event.detail)


def _batch_canceled(told: Told, event: events.BatchCanceled) -> None:
    told.batch(event.batch_id, event.totals, phase=BatchPhase.CANCELED, detail=masked_text(event.reason))


def _stopped(told: Told, event: events.BatchStopped) -> None:
    detail = masked_text(event.detail)
    told.batch(event.batch_id, event.totals, stopped=event.row_count, code=event.code, detail=detail)


def _nothing(told: Told, event: object) -> None:
    """These change nothing that a webhook tells, besides the balance."""


_TELLERS: dict[type, Callable[[Told, Any], None]] = {
    events.MerchantOpened: _nothing,
    events.BankAccountAdded: _nothing,
    events.MerchantChanged: _nothing,
    events.BankAccountChanged: _nothing,
    events.MerchantCredited: _nothing,
    events.PayoutAccepted: _accepted,
    events.PayoutRejected: _rejected,
    events.PayoutsFunded: _funded,
    events.BatchOpened: _opened,
    events.RowsAdded: _rows_added,
    events.BatchReleased: _released,
    events.BatchRefused: _refused,
    events.BatchCanceled: _batch_canceled,
    events.BatchStopped: _stopped,
    events.AttemptsStarted: _started,
    events.PayoutsCompleted: _completed,
    events.PayoutsFailed: _unpaid(S.FAILED, None),
    events.RetriesScheduled: _unpaid(S.PROCESSING, Reason.RETRY),
    events.OutcomesUnknown: _unpaid(S.REQUIRES_ACTION, Reason.OUTCOME_UNKNOWN),
    events.AttemptsInProgress: _progressing,
    events.AnswerContradicted: _nothing,
    events.PayoutEdited: _edited,
    events.PayoutCanceled: _canceled,
    events.CommandRefused: _nothing,
}
"""One teller per fact; a test holds that every fact of `schemas.events.AnyEvent` has one."""

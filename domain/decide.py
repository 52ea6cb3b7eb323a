"""The law's front: one command in, one event record out.

Owns which rule judges which command and that a key is judged before any rule. Pure: the book is not changed, and the same book,
command, time and policy give the same record.
"""

from collections.abc import Callable
from typing import Any

from domain.batch.decide import add_rows, cancel_batch, open_batch, own_batch
from domain.batch.seal import refuse_batch, seal_batch
from domain.book import Book
from domain.case import Case, Decision
from domain.keys import remember, replay
from domain.merchant.accounts import add_bank_account, change_bank_account, close_bank_account
from domain.merchant.decide import change_merchant, credit_merchant, open_merchant
from domain.merchant.verification import confirm_verification, record_deposit, start_verification
from domain.payout.answers import record_answers
from domain.payout.attempts import retry_due, start_attempts, time_out_attempts
from domain.payout.cancel import cancel_payout
from domain.payout.decide import request_payout
from domain.payout.edit import edit_payout
from domain.policy import Policy
from schemas import commands
from schemas.commands import CommandRecord
from schemas.events import CommandRefused, EventRecord, Remember
from schemas.words import BatchPhase, RecordOutcome

RULES: dict[type, Callable[[Case, Any], Decision]] = {
    commands.OpenMerchant: open_merchant,
    commands.AddBankAccount: add_bank_account,
    commands.ChangeMerchant: change_merchant,
    commands.ChangeBankAccount: change_bank_account,
    commands.CloseBankAccount: close_bank_account,
    commands.StartVerification: start_verification,
    commands.RecordDeposit: record_deposit,
    commands.ConfirmVerification: confirm_verification,
    commands.CreditMerchant: credit_merchant,
    commands.RequestPayout: request_payout,
    commands.OpenBatch: open_batch,
    commands.AddRows: add_rows,
    commands.SealBatch: seal_batch,
    commands.CancelBatch: cancel_batch,
    commands.StartAttempts: start_attempts,
    commands.RecordAnswers: record_answers,
    commands.RetryDue: retry_due,
    commands.TimeOutAttempts: time_out_attempts,
    commands.EditPayout: edit_payout,
    commands.CancelPayout: cancel_payout,
}

MAY_TRY_AGAIN = frozenset({"row_gap", "row_conflict"})
"""Refusals that a key does not keep: they speak of the batch as it was just then, and the same rows may be right later."""


def decide(book: Book, record: CommandRecord, source_offset: int, now: int, policy: Policy) -> EventRecord:
    """Judge one command at `now` (ms UTC). Every decodable command gets a record; a refusal is a fact like any other."""
    case = Case(book=book, record=record, now=now, policy=policy)
    replayed = replay(case)
    decision = replayed or _judge(case)
    return EventRecord(
        source_offset=source_offset,
        command_id=record.id,
        command_type=str(type(record.body).__struct_config__.tag),
        merchant_id=record.merchant_id,
        at=now,
        outcome=decision.outcome,
        events=decision.events,
        subject=decision.subject,
        answer=decision.answer,
        remember=None if replayed else _remembered(case, decision),
        actor=record.actor,
        trace=record.trace,
    )


def _judge(case: Case) -> Decision:
    decision = RULES[type(case.record.body)](case, case.record.body)
    if decision.outcome is RecordOutcome.REFUSED and isinstance(case.record.body, commands.AddRows):
        return _refuse_submitted(case, case.record.body, decision)
    return decision


def _refuse_submitted(case: Case, body: commands.AddRows, decision: Decision) -> Decision:
    """A chunk that cannot be taken refuses the whole batch when the batch was submitted in one piece.

    A gap does not: the missing rows may still come. Nor does a version, which the submission never names: that chunk was somebody else's.
    """
    batch, event = own_batch(case, body.batch_id), decision.events[0]
    if batch is None or not batch.submit or batch.phase is not BatchPhase.OPEN:
        return decision
    if not isinstance(event, CommandRefused) or event.code in {"row_gap", "precondition_failed"}:
        return decision
    whole = refuse_batch(case, batch, event.code, event.detail)
    return Decision(
        outcome=whole.outcome, events=whole.events, subject=batch.id, answer=decision.answer, remember=whole.remember
    )


def _remembered(case: Case, decision: Decision) -> Remember | None:
    if decision.remember is not None:
        return decision.remember
    if decision.answer is None and not isinstance(case.record.body, commands.OpenBatch):
        return None
    if any(isinstance(event, CommandRefused) and event.code in MAY_TRY_AGAIN for event in decision.events):
        return None
    return remember(case, decision.answer)

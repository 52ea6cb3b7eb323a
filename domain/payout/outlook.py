"""What happens next to a payout: what, when, who must act, and whether paying again is safe (TML-02).

Owns the words. What is owed is said by `domain.payout.next_step`, what a failure means by `domain.payout.failures`, what needs somebody by
`domain.payout.attention`. Must not know the time.
"""

from msgspec import Struct

from domain.batch.view import DONE
from domain.book import Batch
from domain.payout.attention import NONE, level_of
from domain.payout.failures import Actor, Moved, failure_of, money_moved
from domain.payout.next_step import Inquire, Nothing, RetryAt, Send, StartAttempt, Wait, next_step
from domain.payout.state import Payout
from schemas.words import BatchPhase, PayoutStatus, Reason


class Outlook(Struct, frozen=True, kw_only=True):
    """The next step. `at` (ms UTC) when time alone brings it; None where something else does, or nothing is to come.

    `retry_safe`: a new payout in its stead cannot pay twice.
    """

    step: str
    text: str
    who: Actor
    at: int | None = None
    retry_safe: bool = False
    money_moved: Moved = Moved.NO


_WAITS: dict[Reason, tuple[Actor, str]] = {
    Reason.UNSEALED: (Actor.MERCHANT, "It waits until its batch is sealed."),
    Reason.SCHEDULE: (Actor.NOBODY, "It is sent when its time has come; until then it can be edited or canceled."),
    Reason.FUNDS: (Actor.MERCHANT, "It waits for money: credit the merchant, and it goes out by itself, the oldest first."),
    Reason.APPROVAL: (Actor.OPERATOR, "It waits for an approval."),
    Reason.PAUSED: (Actor.OPERATOR, "It waits until payments are no longer paused."),
    Reason.HOLD: (Actor.OPERATOR, "It waits until somebody releases it."),
}
_ENDS: dict[PayoutStatus, str] = {
    PayoutStatus.COMPLETED: "It was paid. Only a return could follow; do not pay it again.",
    PayoutStatus.FAILED: "It ended without payment and its money is available again.",
    PayoutStatus.CANCELED: "It was canceled before it was sent; its money is available again.",
    PayoutStatus.REJECTED: "It was refused when it came in; no money was held.",
    PayoutStatus.RETURNED: "It came back after it was paid; its money is available again.",
}
_NEEDS: dict[PayoutStatus, str] = {
    PayoutStatus.REQUIRES_ACTION: "Its outcome is unknown",
    PayoutStatus.RETURNED: "It came back after it was paid",
}
SAFE_AGAIN = frozenset({PayoutStatus.FAILED, PayoutStatus.CANCELED, PayoutStatus.REJECTED, PayoutStatus.RETURNED})


def outlook(payout: Payout, batch: Batch | None) -> Outlook:
    """The next step of a payout; `batch` is its batch, None for a single one."""
    moved = money_moved(payout.status)
    match next_step(payout, batch):
        case Wait(reason=reason, until=until):
            who, words = _WAITS.get(reason, (Actor.OPERATOR, "It waits for somebody."))
            return Outlook(step=f"wait_{reason.value}", text=words, who=who, at=until)
        case StartAttempt():
            return Outlook(step="send", text="It is sent to the provider as soon as its turn comes.", who=Actor.NOBODY)
        case Send(deadline_at=deadline):
            words = (
                "The provider has it or gets it now. No word in time makes the outcome unknown; it is never failed for that."
            )
            return Outlook(step="answer", text=words, who=Actor.PROVIDER, at=deadline, money_moved=moved)
        case RetryAt(at=at):
            return Outlook(step="retry", text="The last try failed; the next one comes by itself.", who=Actor.NOBODY, at=at)
        case Inquire() as inquiry:
            return _inquiry(payout, inquiry, moved)
        case Nothing():
            return _end(payout, moved)
    raise AssertionError("every step has its words")


def _inquiry(payout: Payout, inquiry: Inquire, moved: Moved) -> Outlook:
    if payout.status is PayoutStatus.PROCESSING:
        words = "The provider works on it and is asked how it ended."
        return Outlook(step="inquire", text=words, who=Actor.PROVIDER, at=payout.due_at, money_moved=moved)
    if inquiry.at is None:
        words = (
            "Nobody can say whether it was paid, and the provider has been asked in vain: ask there. Do not pay it again."
        )
        return Outlook(step="ask_provider", text=words, who=Actor.OPERATOR, money_moved=moved)
    words = "Nobody can say yet whether it was paid; the provider is asked again by itself. Do not pay it again."
    return Outlook(step="inquire", text=words, who=Actor.NOBODY, at=inquiry.at, money_moved=moved)


def _end(payout: Payout, moved: Moved) -> Outlook:
    failure = failure_of(payout.status, payout.failure_code)
    words = _ENDS.get(payout.status, "Nothing is to come.")
    if failure is not None and payout.status in SAFE_AGAIN:
        words = f"{words} {failure.remedy}"
    who = failure.who if failure is not None and payout.status is not PayoutStatus.COMPLETED else Actor.NOBODY
    return Outlook(step="none", text=words, who=who, retry_safe=payout.status in SAFE_AGAIN, money_moved=moved)


def _under_way(rows: int, waiting_rows: int, paid: Moved) -> Outlook:
    waits = f"{waiting_rows} row waits" if waiting_rows == 1 else f"{waiting_rows} rows wait"
    if rows > waiting_rows:
        words = f"{rows - waiting_rows} rows are on their way."
        words += f" {waits} for money: credit the merchant." if waiting_rows else ""
        return Outlook(
            step="pay", text=words, who=Actor.MERCHANT if waiting_rows else Actor.NOBODY, money_moved=Moved.UNKNOWN
        )
    words = f"{waits} for money: credit the merchant; what is covered goes out by itself, the first rows first."
    return Outlook(step="wait_funds", text=words, who=Actor.MERCHANT, money_moved=paid)


def attention(payout: Payout, batch: Batch | None) -> tuple[str, str | None]:
    """The level and the reason in words: what needs somebody, and what only should be known (LIF-17)."""
    step = next_step(payout, batch)
    reason = step.reason if isinstance(step, Wait) else payout.reason
    level = level_of(payout.status, reason)
    return level, _why(payout, reason) if level != NONE else None


def _why(payout: Payout, reason: Reason | None) -> str:
    if payout.status is PayoutStatus.PENDING and reason is not None:
        return "It waits for money" if reason is Reason.FUNDS else _WAITS[reason][1]
    if payout.status is PayoutStatus.FAILED:
        return payout.failure_reason or "It failed"
    return _NEEDS[payout.status]


def batch_outlook(phase: BatchPhase, counts: dict[str, int], waiting_rows: int = 0) -> Outlook:
    """The next step of a batch, from its phase and the number of its rows in each state; `waiting_rows` wait for funds."""
    unknown, failed = counts["requires_action"], counts["failed"] + counts["returned"]
    left = sum(count for status, count in counts.items() if status not in DONE)
    if phase is BatchPhase.OPEN:
        return Outlook(step="seal", text="It takes rows until it is sealed; nothing is paid before.", who=Actor.MERCHANT)
    if phase in {BatchPhase.REFUSED, BatchPhase.CANCELED}:
        return Outlook(
            step="none", text="It ended without a payment; its rows may be sent again.", who=Actor.MERCHANT, retry_safe=True
        )
    if left > unknown:
        return _under_way(left - unknown, waiting_rows, Moved.YES if counts["completed"] else Moved.NO)
    if unknown:
        words = f"Nobody can say yet whether {unknown} rows were paid; the provider is asked. Do not pay them again."
        return Outlook(step="inquire", text=words, who=Actor.OPERATOR, money_moved=Moved.UNKNOWN)
    paid = Moved.YES if counts["completed"] else Moved.NO
    if failed:
        words = f"{failed} rows were not paid; they alone may be sent again. The others were paid or dropped: not those."
        return Outlook(step="send_failed_again", text=words, who=Actor.MERCHANT, money_moved=paid)
    return Outlook(step="none", text="Every row has ended.", who=Actor.NOBODY, money_moved=paid)

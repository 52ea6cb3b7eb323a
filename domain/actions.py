"""What can be done with a payout or a batch as it stands, and why not, before anybody does it (CON-06).

Owns the list of acts. Whether one is legal is said in the very words of the decision that would refuse it; tests hold both together. A rule
that only the decision can know (funds, a version that has moved on meanwhile) may still refuse an act that is listed as allowed. Must not
know who asks.
"""

from msgspec import Struct

from domain.batch.decide import NO_ROWS, is_over, takes_no_rows
from domain.payout import rejections
from schemas.words import BatchPhase, PayoutStatus


class Act(Struct, frozen=True, kw_only=True):
    """One act. `code` and `reason` say why not; both None where it is allowed. `destructive` acts are confirmed first.

    `method` and `path` are those of its route in `domain.access.matrix`, the path's id in braces.
    """

    action: str
    method: str
    path: str
    destructive: bool = False
    code: str | None = None
    reason: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the state allows it."""
        return self.code is None


PAYOUT = "/api/v1/payouts/{payout_id}"
BATCH = "/api/v1/batches/{batch_id}"
NOT_SEALED = "The batch is not sealed, so nothing of it runs; drop it instead."


def payout_acts(status: PayoutStatus, *, unsealed: bool) -> list[Act]:
    """What can be done with a payout; `unsealed`: it is a row of a batch that is open."""
    edit, cancel = _edit_fault(status, unsealed=unsealed), _cancel_fault(status, unsealed=unsealed)
    return [
        _act("edit", "PATCH", PAYOUT, edit),
        _act("cancel", "POST", f"{PAYOUT}/cancel", cancel, destructive=True),
        _act("reveal", "POST", f"{PAYOUT}/reveal", None),
    ]


def batch_acts(phase: BatchPhase, row_count: int) -> list[Act]:
    """What can be done with a batch."""
    over = None if phase is BatchPhase.OPEN else ("batch_sealed", is_over(phase))
    late = None if phase is BatchPhase.OPEN else ("batch_sealed", takes_no_rows(phase))
    unsealed = ("invalid_state_transition", NOT_SEALED) if phase is BatchPhase.OPEN else over
    empty = None if row_count else ("validation_error", NO_ROWS)
    return [
        _act("add_rows", "POST", f"{BATCH}/rows", late),
        _act("seal", "POST", f"{BATCH}/seal", over or empty),
        _act("drop", "DELETE", BATCH, over, destructive=True),
        _act("stop", "DELETE", BATCH, None if phase is BatchPhase.RELEASED else unsealed, destructive=True),
        _act("download_result", "GET", f"{BATCH}/result", None),
    ]


def _edit_fault(status: PayoutStatus, *, unsealed: bool) -> tuple[str, str] | None:
    if status is not PayoutStatus.PENDING:
        words = rejections.explain_illegal(status, PayoutStatus.PENDING)
        return "invalid_state_transition", f"{rejections.ONLY_PENDING} {words}"
    return ("invalid_state_transition", rejections.UNSEALED_EDIT) if unsealed else None


def _cancel_fault(status: PayoutStatus, *, unsealed: bool) -> tuple[str, str] | None:
    """A canceled payout is not canceled again: the act would be a repeat that does nothing."""
    if status is not PayoutStatus.PENDING:
        return "invalid_state_transition", rejections.explain_illegal(status, PayoutStatus.CANCELED)
    return ("invalid_state_transition", rejections.UNSEALED_CANCEL) if unsealed else None


def _act(action: str, method: str, path: str, fault: tuple[str, str] | None, *, destructive: bool = False) -> Act:
    code, reason = fault or (None, None)
    return Act(action=action, method=method, path=path, destructive=destructive, code=code, reason=reason)

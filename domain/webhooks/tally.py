"""How far a batch is, folded from its events, so that 20, 40, 60, 80 and 100 % are each told once (WHK-01).

Owns the marks and when one is passed. A batch that never runs (refused, canceled) is told once, for all its rows. Owns also when nothing
more can be told, so that a tally need not be kept for ever. Must not know where a tally is kept.
"""

from msgspec import Struct, structs

from domain.webhooks import kinds
from domain.webhooks.notice import Notice
from schemas.words import BatchPhase

MARKS = (20, 40, 60, 80, 100)
PER_MOVE = 1 + len(MARKS)
"""Order numbers that one move can use."""

_PHASES = {
    BatchPhase.OPEN: kinds.BATCH_OPENED,
    BatchPhase.RELEASED: kinds.BATCH_RELEASED,
    BatchPhase.REFUSED: kinds.BATCH_REFUSED,
    BatchPhase.CANCELED: kinds.BATCH_CANCELED,
}
_OVER = {BatchPhase.REFUSED, BatchPhase.CANCELED}


class BatchMove(Struct, frozen=True, kw_only=True):
    """What one event changed of a batch: rows that came, rows that ended (negative: began again), its phase, or that it was stopped.

    `order` is the first of PER_MOVE order numbers that are its own.
    """

    batch_id: str
    merchant_id: str
    order: int
    at: int
    rows: int = 0
    done: int = 0
    phase: BatchPhase | None = None
    code: str | None = None
    detail: str | None = None
    stopped: int = 0


class Tally(Struct, frozen=True, kw_only=True):
    """A batch so far. `version` counts its moves; `told` is the highest mark that was told; from `ended_at` on nothing more is told."""

    batch_id: str
    rows: int = 0
    done: int = 0
    version: int = 0
    released: bool = False
    told: int = 0
    ended_at: int | None = None

    @property
    def percent(self) -> int:
        """Ended rows of all rows, rounded down."""
        return self.done * 100 // self.rows if self.rows else 0


def is_late(before: Tally | None, move: BatchMove) -> bool:
    """Whether a move is of a batch whose tally ended and is gone: every other batch was opened, or got rows, before."""
    return before is None and move.phase is None and not move.rows


def fold(before: Tally | None, move: BatchMove) -> tuple[Tally, list[Notice]]:
    """The tally after a move, and what is to be told of it."""
    tally = before or Tally(batch_id=move.batch_id)
    tally = structs.replace(
        tally,
        rows=tally.rows + move.rows,
        done=tally.done + move.done,
        version=tally.version + 1,
        released=tally.released or move.phase is BatchPhase.RELEASED,
    )
    passed = [mark for mark in MARKS if tally.told < mark <= tally.percent] if tally.released else []
    told = [] if move.phase is None else [_notice(tally, move, 0, _PHASES[move.phase], _phase(move))]
    told += [_notice(tally, move, 0, kinds.BATCH_STOPPED, _stop(move))] if move.stopped else []
    told += [
        _notice(tally, move, at, kinds.BATCH_PROGRESS, {"percent": mark})
        for at, mark in enumerate(passed, PER_MOVE - len(passed))
    ]
    highest = passed[-1] if passed else tally.told
    is_over = highest == MARKS[-1] or move.phase in _OVER
    ended_at = move.at if is_over and tally.ended_at is None else tally.ended_at
    return structs.replace(tally, told=highest, ended_at=ended_at), told


def _notice(tally: Tally, move: BatchMove, at: int, kind: str, more: dict[str, object]) -> Notice:
    own: dict[str, object] = {
        "id": move.batch_id,
        "version": tally.version,
        "row_count": tally.rows,
        "done": tally.done,
        **more,
    }
    return Notice(
        merchant_id=move.merchant_id,
        subject=f"batch:{move.batch_id}",
        kind=kind,
        version=tally.version,
        order=move.order + at,
        at=move.at,
        own=own,
    )


def _stop(move: BatchMove) -> dict[str, object]:
    return {"stopped": move.stopped, "code": move.code, "detail": move.detail}


def _phase(move: BatchMove) -> dict[str, object]:
    assert move.phase is not None
    return {"phase": move.phase.value, "code": move.code, "detail": move.detail}

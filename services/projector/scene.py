"""One event record while it is projected.

Owns the numbers that run over the record (its changes, its ledger legs), and the lines that every fact may write: history, entries, batch
totals. Must not know which fact writes what.
"""

from collections.abc import Iterable, Sequence

from schemas.events import EventRecord, Posting, TotalsDelta
from services.projector.changes import Changes
from services.projector.copy_text import NULL, plain_field, storable, text_field
from services.projector.moves import DriftError, Move
from services.projector.steps import Cause


class Scene:
    """One event record being projected: counts its changes and its ledger legs."""

    __slots__ = (
        "_after",
        "_change_head",
        "_change_tail",
        "_state",
        "at",
        "batch_move",
        "cause",
        "changes",
        "idx",
        "leg",
        "merchant_id",
        "offset",
        "partition",
    )

    def __init__(self, changes: Changes, offset: int, record: EventRecord) -> None:
        """`offset` is the record's own on payouts.events."""
        self.changes = changes
        self.partition, self.offset = changes.partition, offset
        self.merchant_id, self.at = record.merchant_id, record.at
        self.cause = Cause(
            partition=changes.partition,
            offset=offset,
            merchant_id=record.merchant_id,
            at=record.at,
            actor=record.actor,
            command_id=record.command_id,
        )
        self.idx = self.leg = self.batch_move = 0
        self._after: Move | None = None
        self._state = ""
        self._change_head = f"{changes.partition}\t{offset}\t"
        self._change_tail = f"\t{record.at}\t{text_field(record.actor)}\t{text_field(record.command_id)}\n"

    def skip(self, changes: int) -> int:
        """Set aside the numbers of changes whose rows a statement writes; returns the first."""
        first = self.idx
        self.idx += changes
        self.changes.change_count += changes
        return first

    def changed(
        self, payout_id: str, batch_id: str | None, after: Move, attempt: int = 0, reference: str | None = None
    ) -> None:
        """One row of history."""
        if after is not self._after:
            self._after, self._state = after, self._state_text(batch_id, after, attempt)
        told = f"{self._change_head}{self.idx}\t{payout_id}\t{self._state}{text_field(reference or None)}{self._change_tail}"
        self.changes.changes.append(told)
        self.idx += 1
        self.changes.change_count += 1

    def _state_text(self, batch_id: str | None, after: Move, attempt: int) -> str:
        """The middle of a line, which follows from the state: rows of one event that share it share this."""
        return (
            f"{self.merchant_id}\t{batch_id or NULL}\t{after.version}\t{after.status}\t"
            f"{plain_field(after.reason)}\t{attempt}\t{plain_field(after.inquiry_count)}\t{plain_field(after.due_at)}\t"
            f"{text_field(after.failure_code)}\t{text_field(after.failure_reason)}\t"
        )

    def moved(
        self, payout_id: str, batch_id: str | None, after: Move, attempt: int = 0, reference: str | None = None
    ) -> None:
        """A payout that was there changed its state; no provider's reference means: as before."""
        self.changes.payouts().move(payout_id, after, reference)
        self.changed(payout_id, batch_id, after, attempt, reference)

    def batch_moved(self, batch_id: str, phase: str, **more: object) -> None:
        """One fact about a batch as a whole (LIF-18); `more` are columns of `batch_moves` that it has.

        Each is the batch's next version, but for rows that get their funds: that is theirs (BAT-13).
        """
        row: dict[str, object] = {"phase": phase, "first_row": None, "row_count": None, "code": None, "detail": None, **more}
        place = {"partition": self.partition, "offset": self.offset, "idx": self.batch_move, "batch_id": batch_id}
        cause = {"at": self.at, "actor": self.cause.actor, "command_id": self.cause.command_id}
        told = {**place, "merchant_id": self.merchant_id, **row, **cause}
        self.changes.batch_moves.append({k: storable(v) if isinstance(v, str) else v for k, v in told.items()})
        self.batch_move += 1
        if phase != "funded":
            self.changes.advance(batch_id)

    def posted(
        self, legs: Sequence[Posting], payouts: int, payout_id: str | None = None, batch_id: str | None = None
    ) -> None:
        """The event's ledger entries. Raises DriftError unless they sum to zero in each currency (LED-02)."""
        _assert_balanced(legs, self.cause)
        tail = f"{payout_id or NULL}\t{batch_id or NULL}\t{payouts}\t{self.at}\n"
        for posting in legs:
            self.changes.entries.append(
                f"{self._change_head}{self.leg}\t{self.merchant_id}\t{text_field(posting.account)}\t{posting.currency}\t"
                f"{posting.amount_minor}\t{posting.entry_type}\t{tail}"
            )
            self.leg += 1
            self.changes.post(
                self.merchant_id, posting.currency, storable(posting.account), posting.amount_minor, self.offset
            )

    def waits(self, batch_id: str, rows: int) -> None:
        """So many rows more, or less, of a batch wait for funds, which touches it."""
        self.changes.change_batch(batch_id, self.at, self.offset)
        self.changes.wait(batch_id, rows)

    def counted(self, batch_id: str | None, totals: Iterable[TotalsDelta], **changed: object) -> None:
        """The batch was touched, and its totals with it."""
        if batch_id is None:
            return
        self.changes.change_batch(batch_id, self.at, self.offset, **changed)
        for delta in totals:
            self.changes.count(batch_id, delta.currency, delta.status, delta.count, delta.amount_minor)


def _assert_balanced(legs: Iterable[Posting], cause: Cause) -> None:
    sums: dict[str, int] = {}
    for posting in legs:
        sums[posting.currency] = sums.get(posting.currency, 0) + posting.amount_minor
    if any(sums.values()):
        raise DriftError(f"postings of events {cause.partition}@{cause.offset} do not sum to zero: {sums}")

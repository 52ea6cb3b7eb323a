"""Submitting a whole batch under one key: open, rows in chunks, seal (BAT-01, BAT-03).

Owns the order of the commands, the few chunks in flight (fair by small steps), and going on with a batch that an earlier try left
open: its rows are repeats, so a crash at any point costs nothing but the time. Commands go in pieces that are on the log whole or not at
all: the opening of a new batch beside its first chunks, the seal beside the last ones, so a small batch is one piece and one decision of
the processor. A piece is one chunk while files give way to single requests. Must not know where rows come from.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from runtime import failpoints
from schemas.commands import AddRows, Command, OpenBatch, SealBatch
from schemas.forms import BatchDeclaration, PayoutForm, RefusedRows
from schemas.words import RecordOutcome
from services.ingest.chunks import PIECE_CHUNKS, Part, Pieces, in_parts
from services.ingest.envelope import Envelope
from services.ingest.in_flight import InFlight, Submission
from services.ingest.problems import ProblemError
from services.ingest.submitting import Submitter, fail, is_refusal, within
from services.ingest.waiting import Decided

CHUNKS_IN_FLIGHT = 32
"""Of one file. More make the processor's polls larger, so that a row costs less; each more is one more that others wait behind."""
STALL_SECONDS = 30.0
"""So long a chunk may wait for its decision before the submission gives up; it is gone on with under the same key."""

_STALLED = "The batch is not decided in time; send the same request again, with the same key, to go on."

Waiting = Sequence["asyncio.Future[Decided]"]


@dataclass(frozen=True)
class BatchOrder:
    """One batch to submit. `seal_declaration` is checked by the seal; its count is always set.

    `is_new`: the batch's id was made for this request, so no batch has it yet. Where rows stay out, `refused_rows` says so and
    `numbers` are those that the others have in the request.
    """

    envelope: Envelope
    open: OpenBatch
    seal_declaration: BatchDeclaration
    is_new: bool
    refused_rows: RefusedRows | None = None
    numbers: Sequence[int] | None = None


class BatchRun:
    """One try at submitting a batch."""

    def __init__(
        self, order: BatchOrder, submitter: Submitter, in_flight: InFlight, *, stall_seconds: float = STALL_SECONDS
    ) -> None:
        """Known as in flight from now on; `run` must follow."""
        envelope = order.envelope
        self._order = order
        self._submitter = submitter
        self._in_flight = in_flight
        self._stall_seconds = stall_seconds
        self._batch_id = order.open.batch_id
        decision: asyncio.Future[Decided] = asyncio.get_running_loop().create_future()
        self.submission = Submission(
            envelope.merchant_id, order.open.batch_id, decision, envelope.key, envelope.content_hash
        )
        in_flight.add(self.submission)

    async def run(self, chunks: Iterable[list[PayoutForm]], wait_seconds: float) -> Decided | None:
        """The batch's answer, or None if all of it is on the log and not decided within `wait_seconds`.

        A refused command ends the batch, and its refusal is the answer: with a chunk the processor refuses all of a submitted
        batch. Raises ProblemError when the log cannot take a command or decides nothing for long: then the batch pays nothing, or
        all of it if all of it came to the log.
        """
        try:
            self._submitter.check_room(self._order.envelope.wrap(self._order.open))
            return await self._submit(Pieces(in_parts(chunks)), wait_seconds)
        except BaseException as error:
            fail(self.submission.decision, error)
            raise

    async def _submit(self, pieces: Pieces, wait_seconds: float) -> Decided | None:
        first = pieces.take()
        opening, *sent = await self._append([self._order.open, *(self._bodies(*first) if self._order.is_new else ())])
        self.submission.durable = bool(sent) and first[-1].is_last  # all of it is on the log: what is left needs no client
        rest = self._go_on(opening, first, pieces, sent, wait_seconds)
        return await (self._behind(rest, wait_seconds) if self.submission.durable else rest)

    async def _go_on(
        self,
        opening: "asyncio.Future[Decided]",
        first: Sequence[Part],
        pieces: Pieces,
        sent: Waiting,
        wait_seconds: float,
    ) -> Decided | None:
        opened = await self._decided(opening, None if self.submission.durable else self._stall_seconds)
        if is_refusal(opened) or (opened.record.answer is not None and opened.record.outcome is RecordOutcome.REPEAT):
            return self._settle(opened)
        if self._goes_on_with(opened.record.subject) or not sent:
            sent = await self._append(self._bodies(*first))
        waiting, refusal = deque(sent), None
        if not first[-1].is_last:
            await failpoints.reach("upload.mid_file")
            refusal = await self._add_others(pieces, waiting)
        return await self._end(waiting, wait_seconds) if refusal is None else self._settle(refusal)

    async def _behind(self, rest: Coroutine[Any, Any, Decided | None], wait_seconds: float) -> Decided | None:
        """What `rest` gives, or None past the wait: then it goes on by itself (API-14)."""
        going = asyncio.create_task(rest)
        going.add_done_callback(self._ended)
        try:
            await asyncio.wait({going}, timeout=wait_seconds)
        except BaseException:
            going.cancel()
            raise
        return going.result() if going.done() else None

    def _ended(self, going: "asyncio.Task[Decided | None]") -> None:
        error = None if going.cancelled() else going.exception()
        if error is not None:
            fail(self.submission.decision, error)

    def _bodies(self, *parts: Part) -> list[Command]:
        rows = [self._chunk(part) for part in parts if part.rows]
        return [*rows, self._seal()] if parts[-1].is_last else [*rows]

    def _chunk(self, part: Part) -> AddRows:
        numbers = self._order.numbers
        own = None if numbers is None else list(numbers[part.first_row - 1 : part.first_row - 1 + len(part.rows)])
        return AddRows(batch_id=self._batch_id, first_row=part.first_row, rows=part.rows, numbers=own)

    def _seal(self) -> SealBatch:
        order = self._order
        return SealBatch(batch_id=self._batch_id, declaration=order.seal_declaration, refused_rows=order.refused_rows)

    def _goes_on_with(self, batch_id: str | None) -> bool:
        """Whether the first try under this key has left a batch open: that one it is then.

        Rows and seal that came with the opening named one that is not there, and were refused: no harm, and nobody is told.
        """
        if batch_id in {None, self._batch_id}:
            return False
        self.submission.subject = self._batch_id = str(batch_id)
        self._in_flight.add_subject(self.submission)
        return True

    async def _add_others(self, pieces: Pieces, waiting: "deque[asyncio.Future[Decided]]") -> Decided | None:
        """All that follow the first; the refusal if one is. Those of `waiting` that are decided leave it."""
        is_last = False
        while not is_last:
            refusal = await self._room(waiting)
            if refusal is not None:
                return refusal
            piece = pieces.take(self._most_of(waiting))
            waiting.extend(await self._append(self._bodies(*piece)))
            is_last = piece[-1].is_last
            if not is_last:
                await failpoints.reach("upload.mid_file")
        return None

    async def _room(self, waiting: "deque[asyncio.Future[Decided]]") -> Decided | None:
        """Wait until one more chunk may go; a refusal among those decided."""
        while waiting and (len(waiting) >= CHUNKS_IN_FLIGHT or waiting[0].done()):
            decided = await self._decided(waiting.popleft(), self._stall_seconds)
            if is_refusal(decided):
                return decided
        return None

    def _most_of(self, waiting: Waiting) -> int:
        """How many chunks go together now."""
        return 1 if self._submitter.courtesy.is_due else min(PIECE_CHUNKS, CHUNKS_IN_FLIGHT - len(waiting))

    async def _end(self, waiting: Waiting, wait_seconds: float) -> Decided | None:
        """All of it is on the log; the seal is the last of `waiting`."""
        sealed = waiting[-1]
        self.submission.durable = True
        sealed.add_done_callback(lambda _: self._settle(_outcome(waiting)))
        return None if await within(sealed, wait_seconds) is None else self._settle(_outcome(waiting))

    async def _append(self, bodies: Sequence[Command]) -> "list[asyncio.Future[Decided]]":
        """One piece. Waits for room: a file that has begun is slowed, and refused only when nothing is decided for long."""
        records = [self._order.envelope.wrap(body, keyed=not isinstance(body, AddRows)) for body in bodies]
        async with self._submitter.courtesy.turn():
            decisions = await self._submitter.append_in_turn(records, self._stall_seconds, whole=True)
            self._submitter.courtesy.sent(decisions[-1])
        return decisions

    async def _decided(self, decision: "asyncio.Future[Decided]", seconds: float | None) -> Decided:
        decided = await within(decision, seconds)
        if decided is None:
            raise ProblemError("log_unavailable", _STALLED)
        return decided

    def _settle(self, decided: Decided) -> Decided:
        if not self.submission.decision.done():
            self.submission.decision.set_result(decided)
        return decided


def _outcome(decisions: Waiting) -> Decided:
    """The seal's decision, or that of the chunk for which the batch was refused: only that one says why, with pointers."""
    decided = [decision.result() for decision in decisions if decision.done()]
    return next(filter(is_refusal, decided), decided[-1])

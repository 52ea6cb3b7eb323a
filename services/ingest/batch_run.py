"""Submitting a whole batch under one key: open, rows in chunks, seal (BAT-01, BAT-03).

Owns the order of the commands, the few chunks in flight (fair by small steps), and going on with a batch that an earlier try left
open: its rows are repeats, so a crash at any point costs nothing but the time. Must not know where rows come from.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from runtime import failpoints
from schemas.commands import AddRows, OpenBatch, SealBatch
from schemas.forms import BatchDeclaration, PayoutForm
from schemas.words import RecordOutcome
from services.ingest.envelope import Envelope
from services.ingest.in_flight import InFlight, Submission
from services.ingest.problems import ProblemError
from services.ingest.submitting import Submitter, fail, is_refusal, within
from services.ingest.waiting import Decided

CHUNKS_IN_FLIGHT = 8
"""Of one file. More make the processor's polls larger, so that a row costs less; each more is one more that others wait behind."""
STALL_SECONDS = 30.0
"""So long a chunk may wait for its decision before the submission gives up; it is gone on with under the same key."""

_STALLED = "The batch is not decided in time and stands unsealed; send the same request again, with the same key, to go on."


@dataclass(frozen=True)
class BatchOrder:
    """One batch to submit. `seal_declaration` is checked by the seal; its count is always set."""

    envelope: Envelope
    open: OpenBatch
    seal_declaration: BatchDeclaration


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
        """The batch's answer, or None if all of it is on the log and the seal is not decided within `wait_seconds`.

        A refused command ends the batch, and its refusal is the answer: with a chunk the processor refuses all of a submitted
        batch. Raises ProblemError when the log cannot take a command or decides nothing for long; then the batch stays unsealed
        and pays nothing.
        """
        try:
            refusal = await self._fill(chunks)
            if refusal is not None:
                self._settle(refusal)
                return refusal
            return await self._seal(wait_seconds)
        except BaseException as error:
            fail(self.submission.decision, error)
            raise

    async def _fill(self, chunks: Iterable[list[PayoutForm]]) -> Decided | None:
        opened = await self._decided(await self._submitter.append(self._order.envelope.wrap(self._order.open)))
        if is_refusal(opened) or (opened.record.answer is not None and opened.record.outcome is RecordOutcome.REPEAT):
            return opened
        self._go_on_with(opened.record.subject or self._batch_id)
        return await self._add_all(chunks)

    def _go_on_with(self, batch_id: str) -> None:
        # The first try under this key may have left a batch open: go on with that one.
        if batch_id != self._batch_id:
            self.submission.subject = self._batch_id = batch_id
            self._in_flight.add_subject(self.submission)

    async def _add_all(self, chunks: Iterable[list[PayoutForm]]) -> Decided | None:
        waiting: deque[asyncio.Future[Decided]] = deque()
        first_row = 1
        for rows in chunks:
            if len(waiting) >= CHUNKS_IN_FLIGHT and is_refusal(decided := await self._decided(waiting.popleft())):
                return decided
            waiting.append(await self._add(AddRows(batch_id=self._batch_id, first_row=first_row, rows=rows)))
            await failpoints.reach("upload.mid_file")
            first_row += len(rows)
        while waiting:
            if is_refusal(decided := await self._decided(waiting.popleft())):
                return decided
        return None

    async def _seal(self, wait_seconds: float) -> Decided | None:
        body = SealBatch(batch_id=self._batch_id, declaration=self._order.seal_declaration)
        sealed = await self._append(body)
        self.submission.durable = True
        sealed.add_done_callback(lambda done: self._settle(done.result()))
        return await within(sealed, wait_seconds)

    async def _add(self, body: AddRows) -> "asyncio.Future[Decided]":
        async with self._submitter.courtesy.turn():
            decision = await self._append(body, keyed=False)
            self._submitter.courtesy.sent(decision)
        return decision

    async def _append(self, body: AddRows | SealBatch, *, keyed: bool = True) -> "asyncio.Future[Decided]":
        """Waits for room: a file that has begun is slowed, and refused only when nothing is decided for long."""
        record = self._order.envelope.wrap(body, keyed=keyed)
        [decision] = await self._submitter.append_in_turn([record], self._stall_seconds)
        return decision

    async def _decided(self, decision: "asyncio.Future[Decided]") -> Decided:
        decided = await within(decision, self._stall_seconds)
        if decided is None:
            raise ProblemError("log_unavailable", _STALLED)
        return decided

    def _settle(self, decided: Decided) -> None:
        if not self.submission.decision.done():
            self.submission.decision.set_result(decided)

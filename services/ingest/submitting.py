"""Bringing commands to the log and waiting for their decisions.

Owns the order of things: expect the decision, append, and only then call it accepted; if the log cannot take the command, say so and
acknowledge nothing (ERR-05). Must not know HTTP.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from runtime import failpoints
from runtime.event_log.producer import LogUnavailableError
from schemas.commands import AddRows, CommandRecord
from schemas.topics import partition_of
from schemas.words import RecordOutcome
from services.ingest.backlog import Backlog, BacklogFullError
from services.ingest.courtesy import Courtesy
from services.ingest.in_flight import InFlight, Submission
from services.ingest.problems import ProblemError
from services.ingest.waiting import Decided, Decision, DecisionsLostError, Waiting

_UNAVAILABLE = "The log cannot take commands now; nothing was acknowledged. Send the same request again, with the same key."
_CROWDED = "Too much waits for its decision; nothing was acknowledged. Send the same request again later, with the same key."
_IN_FLIGHT = "An equal request with this key is being decided; ask again in a moment."
_OTHER_IN_FLIGHT = "Another request with this key is being decided; ask again in a moment."


class Log(Protocol):
    """Where commands go: runtime.event_log.producer.CommandLog, or a fake in tests."""

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """Positions of the durable records, in order. Raises LogUnavailableError in bounded time."""

    async def append_whole(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """The same for a few records of one merchant, of which never only some are on the log."""


class Submitter:
    """Appends commands and hands out their decisions."""

    def __init__(self, log: Log, waiting: Waiting, in_flight: InFlight) -> None:
        """All three are shared by the whole process. Rows that wait for room have a backlog of their own."""
        self._log = log
        self.waiting = waiting
        self._in_flight = in_flight
        self.at_once, self.in_turn = Backlog(), Backlog()
        self.courtesy = Courtesy()

    async def append(self, record: CommandRecord) -> "asyncio.Future[Decided]":
        """The command is durable; the future is its decision. Raises ProblemError `backlog_full` or `log_unavailable`."""
        decision = self._expect_at_once(record)
        await self._write([record], [decision])
        return decision

    async def append_in_turn(
        self, records: Sequence[CommandRecord], seconds: float | None = None, *, whole: bool = False
    ) -> "list[asyncio.Future[Decided]]":
        """Several, in order, once there is room for them: a file is read no faster than it is decided.

        All or, as far as we know, none; with `whole` (a few of one merchant) never only some. Raises ProblemError `backlog_full` (no
        room within `seconds`) or `log_unavailable`.
        """
        try:
            await self.in_turn.room(sum(map(rows_of, records)), seconds)
        except TimeoutError:
            raise _refusal(records[0], "backlog_full", _CROWDED) from None
        decisions = [self._expect(record, self.in_turn) for record in records]
        await self._write(records, decisions, whole=whole)
        return decisions

    async def submit(self, record: CommandRecord, subject: str | None) -> Submission:
        """Append one command and keep it known as in flight, by its key and the id it makes, if any. Raises ProblemError."""
        self.courtesy.single_came()
        decision = self._expect_at_once(record)
        submission = Submission(record.merchant_id, subject, decision, record.key, record.content_hash)
        self._in_flight.add(submission)
        await self._write([record], [decision])
        submission.durable = True
        return submission

    def check_followed(self, merchant_id: str) -> None:
        """Raise DecisionsLostError if nobody would see the decisions of this merchant's commands."""
        self.waiting.followed(merchant_id)

    def decided_up_to(self, merchant_id: str) -> tuple[int, int]:
        """The merchant's partition, and the offset before which all stands that this process has told of it."""
        partition = partition_of(merchant_id, self.waiting.partitions)
        return partition, self.waiting.passed.get(partition, 0)

    def running(self, merchant_id: str, key: str | None, content_hash: str | None) -> Submission | None:
        """An equal submission that runs now. Raises ProblemError `idempotency_in_flight` for one with other content.

        Only the log knows which of the two was first, so nobody is told of a conflict before it is decided: a client that repeats a
        finished request would take a new key then, and pay twice.
        """
        submission = self._in_flight.of_key(merchant_id, key)
        if submission is not None and submission.content_hash != content_hash:
            raise ProblemError("idempotency_in_flight", _OTHER_IN_FLIGHT)
        return submission

    def check_room(self, record: CommandRecord) -> None:
        """Raise ProblemError `backlog_full` while such a command is refused at once."""
        try:
            self.at_once.check(rows_of(record))
        except BacklogFullError:
            raise _refusal(record, "backlog_full", _CROWDED) from None

    def _expect_at_once(self, record: CommandRecord) -> "asyncio.Future[Decided]":
        self.check_room(record)
        return self._expect(record, self.at_once)

    def _expect(self, record: CommandRecord, backlog: Backlog) -> "asyncio.Future[Decided]":
        try:
            return self.waiting.expect(record.id, record.merchant_id, backlog, rows_of(record))
        except DecisionsLostError as error:
            detail = f"Nothing was acknowledged: {error} until an operator has looked."
            raise _refusal(record, "log_unavailable", detail) from None

    async def _write(
        self, records: Sequence[CommandRecord], decisions: "list[asyncio.Future[Decided]]", *, whole: bool = False
    ) -> None:
        try:
            await failpoints.reach("ingest.before_append")
            await (self._log.append_whole if whole else self._log.append_many)(records)
            await failpoints.reach("ingest.appended")
        except BaseException as error:  # noqa: BLE001  raised again; nobody may be left waiting
            for record in records:
                self.waiting.forget(record.id)
            if all(decision.done() for decision in decisions):  # the outcome was unknown, but the decisions were seen
                return
            problem = (
                _refusal(records[0], "log_unavailable", _UNAVAILABLE) if isinstance(error, LogUnavailableError) else error
            )
            for decision in decisions:
                fail(decision, problem)
            raise problem from None


async def within(decision: "asyncio.Future[Decided]", wait_seconds: float | None) -> Decided | None:
    """The decision, or None if it does not come in time, or nobody looks for it; the future stays as it is. Raises what it holds.

    `wait_seconds`: None to wait as long as it takes.
    """
    if not decision.done():
        lost = {decision.lost} if isinstance(decision, Decision) else set()
        await asyncio.wait({decision, *lost}, timeout=wait_seconds, return_when=asyncio.FIRST_COMPLETED)
    if decision.done():
        await failpoints.reach("ingest.decided")
    return decision.result() if decision.done() else None


async def seen(decision: "asyncio.Future[Decided]") -> Decided:
    """The decision, however long it takes. Raises DecisionsLostError when nobody looks for it any more, or what the future holds."""
    lost = {decision.lost} if isinstance(decision, Decision) else set()
    await asyncio.wait({decision, *lost}, return_when=asyncio.FIRST_COMPLETED)
    if not decision.done():
        raise DecisionsLostError("the decision will not be seen")
    return decision.result()


async def joined(submission: Submission, wait_seconds: float) -> Decided:
    """The decision of an equal request that runs at the same time. Raises ProblemError `idempotency_in_flight` past the wait."""
    decided = await within(submission.decision, wait_seconds)
    if decided is None:
        raise ProblemError("idempotency_in_flight", _IN_FLIGHT)
    return decided


def is_refusal(decided: Decided) -> bool:
    """Whether the command was refused."""
    return decided.record.outcome is RecordOutcome.REFUSED


def fail(decision: "asyncio.Future[Decided]", error: BaseException) -> None:
    """Give the failure to whoever waits; with nobody waiting it is no news either."""
    if not decision.done():
        decision.set_exception(error if isinstance(error, Exception) else ProblemError("log_unavailable", _UNAVAILABLE))
        decision.exception()


def rows_of(record: CommandRecord) -> int:
    """What a command counts: a chunk its rows, anything else one."""
    return max(len(record.body.rows), 1) if isinstance(record.body, AddRows) else 1


def _refusal(record: CommandRecord, code: str, detail: str) -> ProblemError:
    # The command may land all the same, later: the client needs the key, given or made, to ask for the same thing again.
    headers = {"Idempotency-Key": record.key} if record.key is not None else {}
    return ProblemError(code, detail, headers=headers)

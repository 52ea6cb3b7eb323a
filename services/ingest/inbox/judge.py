"""Inbox records of one merchant, judged in order: read, appended, decided (INB-01 to INB-03).

Owns whose a record is (its key, which must be one of the upstream's merchants, whatever its content says), its idempotency key, and
the batch that a row message names. Commands go out in bursts, in order; a message that names a batch by the key of its opening waits
for that opening. Must not write replies.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from domain.intake.content import content_hash
from domain.intake.faults import Fault
from domain.intake.headers import read_key
from runtime.http_trace import traceparent
from runtime.ids import mint
from runtime.logging import logger
from schemas.commands import AddRows, CommandRecord
from schemas.ids import is_uuid
from schemas.words import OnInvalidRows
from services.ingest.batch_rows import left_rows, rows_command
from services.ingest.edge import Edge
from services.ingest.envelope import Envelope
from services.ingest.inbox.audit import Trail
from services.ingest.inbox.judging import Judged
from services.ingest.inbox.messages import InboxRecord, Message, UnreadableError, read_message
from services.ingest.inbox.openings import Openings
from services.ingest.inbox.reading import Reading, record_id
from services.ingest.inbox.replies import Asked, reply_to_decision, reply_to_problem
from services.ingest.known_rows import OwnBatch
from services.ingest.problems import ProblemError, problem_of
from services.ingest.submitting import rows_of, seen
from services.ingest.waiting import Decided, DecisionsLostError

RETRY_SECONDS = 1.0
BURST_ROWS_MAX = 2_000
"""A burst goes out when it has so many rows, also in the middle of a poll: 200 records can hold 100,000."""
_MAKES = frozenset({"request_payout", "open_batch", "credit_merchant"})
_NAMES_BATCH = frozenset({"add_rows", "seal_batch", "cancel_batch"})

_log = logger(__name__)


class InboxJudge:
    """Judges the records of one upstream."""

    def __init__(self, edge: Edge, upstream: str, merchants: frozenset[str], trail: Trail) -> None:
        """`merchants` are those that the upstream may act for (INB-02); what it tries for others goes to `trail`."""
        self.edge = edge
        self.upstream, self.trail = upstream, trail
        self.actor = f"inbox:{upstream}"
        self.merchants = merchants
        self.openings = Openings(edge.store)

    async def judge(self, records: Sequence[InboxRecord]) -> list[Judged]:
        """The records of one key, in order. Waits until each is decided. Raises DecisionsLostError if that cannot be seen."""
        turn = Turn(self)
        for record in records:
            await turn.take(record)
        await turn.flush()
        return [turn.judged[record.offset] for record in records]


class Turn:
    """One merchant's records of one poll."""

    def __init__(self, judge: InboxJudge) -> None:
        """Nothing taken yet."""
        self.judged: dict[int, Judged] = {}
        self._judge = judge
        self._edge = judge.edge
        self._burst: list[tuple[InboxRecord, Asked, CommandRecord]] = []
        self._burst_rows = 0

    async def take(self, record: InboxRecord) -> None:
        """Read one record: refuse it, or put its command into the burst."""
        asked = Asked()
        try:
            message = read_message(record)
            new_id = record_id(record)
            asked = Asked(message.kind, message.message_id, message.key, new_id if message.kind in _MAKES else None)
            command = await self._command(record, message, new_id)  # may flush the burst: append only afterwards
            self._burst.append((record, asked, command))
            self._burst_rows += rows_of(command)
            if self._burst_rows >= BURST_ROWS_MAX:
                await self.flush()
        except UnreadableError as error:
            problem = ProblemError(
                "malformed_body", f"The record cannot be read: {error.reason}. It is kept as a dead letter."
            )
            self._refuse(record, asked, problem, (error.code, error.reason))
        except ProblemError as problem:
            self._refuse(record, asked, problem)
        except DecisionsLostError:
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours on one record must not stop those behind it
            _log.error("inbox.unforeseen", error=type(error).__name__, partition=record.partition, offset=record.offset)
            ours = ProblemError("internal_error", "The record could not be judged; it is kept as a dead letter.")
            self._refuse(record, asked, ours, ("unforeseen", type(error).__name__))

    async def flush(self) -> None:
        """Bring the burst to the log and wait for its decisions. Gives up only with DecisionsLostError."""
        burst, self._burst, self._burst_rows = self._burst, [], 0
        if not burst:
            return
        decisions = await self._append([command for _, _, command in burst])
        for (record, asked, command), decision in zip(burst, decisions, strict=True):
            decided = await seen(decision)
            self._note_opening(command, asked, decided)
            reply = reply_to_decision(record, asked, decided, self._edge.clock.now_ms())
            self.judged[record.offset] = Judged(record, reply)

    async def _append(self, commands: list[CommandRecord]) -> "list[asyncio.Future[Decided]]":
        while True:
            self._edge.submitter.check_followed(commands[0].merchant_id)
            try:
                return await self._edge.submitter.append_in_turn(commands)
            except ProblemError:  # the log is away; the same commands again are the same to it
                await asyncio.sleep(RETRY_SECONDS)

    async def _command(self, record: InboxRecord, message: Message, new_id: str) -> CommandRecord:
        merchant_id = await self._merchant(record, message)
        key = self._key(message)
        batch_id = await self._batch_id(merchant_id, message) if message.kind in _NAMES_BATCH else None
        asked = message.data
        data = {name: value for name, value in asked.items() if name != "merchant_id"}
        reading = Reading(merchant_id, self._edge.currencies, self._edge.release_at)
        message = message._replace(data=data)
        chosen = await self._chosen_rows(reading, message, OwnBatch(merchant_id, batch_id or "", key))
        body = chosen if chosen is not None else reading.body(message, new_id, batch_id)
        envelope = Envelope(
            merchant_id=merchant_id,
            clock=self._edge.clock,
            actor=self._judge.actor,
            key=key,
            content_hash=content_hash(message.kind, asked),
            trace=traceparent(message.trace),
        )
        return envelope.wrap(body)

    async def _chosen_rows(self, reading: Reading, message: Message, own: OwnBatch) -> AddRows | None:
        """The chunk of a message that wants those rows to go that are valid: asked about as over REST, behind all before it.

        None if it is not that, or nothing is left: then the processor judges, which knows the message if it came before.
        """
        if message.kind != "add_rows" or message.data.get("on_invalid_rows") != OnInvalidRows.ACCEPT_VALID:
            return None
        wanted = reading.rows(message.data)
        await self.flush()
        try:
            left = await left_rows(self._edge, wanted, own)
        except ProblemError:
            return None
        return rows_command(left, own.batch_id, left.first_row or 1)

    async def _merchant(self, record: InboxRecord, message: Message) -> str:
        merchant_id = (record.key or b"").decode("utf-8", "replace")
        if merchant_id not in self._judge.merchants:
            await self._audit(record, merchant_id, "The record's key names a merchant that is not this upstream's.")
            raise ProblemError("forbidden", "This upstream may not act for the merchant that the record's key names.")
        named = next((one for one in _named(message.data) if one != merchant_id), None)
        if named is not None:
            await self._audit(record, str(named), "The content names another merchant than the record's key.")
            raise ProblemError("forbidden", "The content names another merchant than the record's key.")
        return merchant_id

    async def _audit(self, record: InboxRecord, merchant_id: str, reason: str) -> None:
        """Before the refusal is answered it is in the audit trail, and in our own log without the name that was given."""
        _log.warning("inbox.foreign_merchant", actor=self._judge.actor, partition=record.partition, offset=record.offset)
        place = f"{record.topic}/{record.partition}/{record.offset}"
        await self._judge.trail.refused(self._judge.upstream, place, merchant_id, reason)

    def _key(self, message: Message) -> str:
        if message.key is None:
            detail = "is required: a message needs one, or a CloudEvents id"
            raise problem_of([Fault(pointer="/idempotency_key", code="idempotency_key_required", detail=detail)])
        read = read_key(message.key)
        if isinstance(read, Fault):
            raise problem_of([Fault(pointer="/idempotency_key", code=read.code, detail=read.detail)])
        return read

    async def _batch_id(self, merchant_id: str, message: Message) -> str:
        """The batch that a message names: by `batch_id`, or by `batch_key`, the key of the message that opened it."""
        batch_id, batch_key = message.data.get("batch_id"), message.data.get("batch_key")
        if isinstance(batch_id, str) and is_uuid(batch_id.lower()) and batch_key is None:
            return batch_id.lower()
        if not isinstance(batch_key, str) or batch_id is not None:
            detail = "name the batch: its batch_id, or as batch_key the idempotency key of the message that opened it"
            raise problem_of([Fault(pointer="/batch_id", detail=detail)])
        await self.flush()
        return await self._judge.openings.find(merchant_id, batch_key, self._question)

    async def _question(self, merchant_id: str) -> Decided:
        """The decision on rows for what no batch is: it adds nothing, and tells how far the log is."""
        clock, actor = self._edge.clock, self._judge.actor
        asked = Envelope(merchant_id=merchant_id, clock=clock, actor=actor).wrap(
            AddRows(batch_id=mint(), first_row=1, rows=[])
        )
        [decision] = await self._append([asked])
        return await seen(decision)

    def _note_opening(self, command: CommandRecord, asked: Asked, decided: Decided) -> None:
        if asked.kind == "open_batch" and command.key is not None and decided.record.subject is not None:
            self._judge.openings.add(command.merchant_id, command.key, decided.record.subject)

    def _refuse(
        self, record: InboxRecord, asked: Asked, problem: ProblemError, unreadable: tuple[str, str] | None = None
    ) -> None:
        reply = reply_to_problem(record, asked, problem, self._edge.clock.now_ms())
        self.judged[record.offset] = Judged(record, reply, unreadable)


def _named(data: Mapping[str, object]) -> Iterator[object]:
    """Every merchant that a message's content names, its rows too."""
    rows = data.get("rows")
    for one in (data, *(rows if isinstance(rows, list) else ())):
        if isinstance(one, Mapping) and one.get("merchant_id") is not None:
            yield one["merchant_id"]

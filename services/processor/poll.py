"""One poll: waiting commands become decided records.

Owns reading the raw records, the unreadable ones among them, and that each decision sees those before it. Must not write to the log.
"""

from collections.abc import Sequence
from typing import NamedTuple

from domain.decide import decide
from domain.policy import Policy
from runtime.event_log.fence import Decided
from schemas.codec import CodecError, decode_command, encode
from schemas.commands import CommandRecord
from schemas.events import CommandRefused, EventRecord
from schemas.words import RecordOutcome
from services.processor.inbox import Waiting
from services.processor.memory import Memory


class Readable(NamedTuple):
    """A raw record and what it says; `fault` is why it cannot be read."""

    raw: Waiting
    command: CommandRecord | None
    fault: str | None


def read(raw: Waiting) -> Readable:
    """Decode one record; never raises."""
    try:
        command = decode_command(raw.value)
    except CodecError as error:
        return Readable(raw, None, str(error))
    if raw.key is not None and raw.key.decode(errors="replace") != command.merchant_id:
        return Readable(raw, None, "the record's key is not the command's merchant")
    return Readable(raw, command, None)


class Ruling(NamedTuple):
    """A decided record and the payouts it touched."""

    record: EventRecord
    touched: list[str]


def decide_all(memory: Memory, readables: Sequence[Readable], now: int, policy: Policy, partition: int) -> list[Ruling]:
    """Decide in order, each with the memory of those before it. The memory moves; if the write fails it must be thrown away."""
    rulings = []
    for readable in readables:
        if readable.command is None:
            record = _unreadable(readable, now, partition)
        else:
            record = decide(memory.book, readable.command, readable.raw.offset, now, policy)
        rulings.append(Ruling(record, memory.fold(record)))
    return rulings


def to_write(rulings: Sequence[Ruling]) -> list[Decided]:
    """The records as they go onto the log."""
    records = (ruling.record for ruling in rulings)
    return [
        Decided(record.merchant_id.encode(), encode(record), record.source_offset, record.command_id) for record in records
    ]


def _unreadable(readable: Readable, now: int, partition: int) -> EventRecord:
    """An unreadable command still gets its one record, so that source offsets stay without gap."""
    offset = readable.raw.offset
    return EventRecord(
        source_offset=offset,
        command_id=f"unreadable-{partition}-{offset}",
        command_type="unreadable",
        merchant_id=(readable.raw.key or b"").decode(errors="replace")[:64],
        at=now,
        outcome=RecordOutcome.REFUSED,
        events=[CommandRefused(code="malformed_body", detail=(readable.fault or "")[:300])],
        actor="unknown",
    )

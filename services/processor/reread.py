"""Commands that the group's reader passed over, read once more.

Owns that a partition goes on where its writer stands, whatever a rebalance made of the reader's place: Faust can drop what it had fetched
and go on behind it where nothing was committed yet. Must not decide, and must not jump: what the log no longer has is a gap (RUN-28).
"""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from runtime.event_log import connection
from runtime.event_log.reader import GapFoundError
from schemas.topics import COMMANDS
from services.processor.inbox import Waiting

REREAD_MAX = 500
REREAD_SECONDS = 15.0


async def commands_between(bootstrap: str, partition: int, start: int, end: int) -> list[Waiting]:
    """The records from `start` to before `end`, at most REREAD_MAX. Raises GapFoundError if they are gone, KafkaError or TimeoutError."""
    consumer = connection.reader(bootstrap)
    try:
        async with asyncio.timeout(REREAD_SECONDS):
            await consumer.start()
            return await _read(consumer, TopicPartition(COMMANDS.name, partition), start, min(end, start + REREAD_MAX))
    except OffsetOutOfRangeError as error:
        raise GapFoundError(f"{COMMANDS.name} {partition}@{start} is not there any more: the log was cut") from error
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, place: TopicPartition, start: int, end: int) -> list[Waiting]:
    consumer.assign([place])
    consumer.seek(place, start)
    found: list[Waiting] = []
    while start + len(found) < end:
        for records in (await consumer.getmany(place, timeout_ms=500)).values():
            for record in records:
                if record.offset != start + len(found):
                    raise GapFoundError(f"{place.topic} {place.partition}: {record.offset} follows {start + len(found) - 1}")
                found.append(Waiting(record.offset, record.key, record.value))
    return found[: end - start]

"""A great many merchants with money, made in seconds: their commands written straight to the log, as ingest would write them.

Owns that short cut, for history only: what is measured afterwards comes in through the public doors. Money comes by credits like any other.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator

from runtime.event_log import connection
from runtime.ids import mint
from schemas import codec, topics
from schemas.commands import Command, CommandRecord, CreditMerchant, OpenMerchant

CREDIT_MINOR = 100_000


def fill(bootstrap: str, merchants: Iterable[str], currency: str = "UGX") -> None:
    """Open each of them and credit it once. A known merchant stays as it is, a credit of the same reference moves nothing."""
    asyncio.run(_send(bootstrap, merchants, currency))


async def _send(bootstrap: str, merchants: Iterable[str], currency: str) -> None:
    producer = connection.producer(bootstrap, linger_ms=5)
    await producer.start()
    try:
        partitions = len(await producer.partitions_for(topics.COMMANDS.name))
        futures = []
        for merchant in merchants:
            place = topics.partition_of(merchant, partitions)
            for record in _records(merchant, currency):
                value = codec.encode(record)
                futures.append(await producer.send(topics.COMMANDS.name, value, key=merchant.encode(), partition=place))
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


def _records(merchant: str, currency: str) -> Iterator[CommandRecord]:
    bodies: tuple[Command, ...] = (
        OpenMerchant(name=merchant, main_currency=currency),
        CreditMerchant(credit_id=mint(), amount_minor=CREDIT_MINOR, currency=currency, reference=f"crowd-{merchant}"),
    )
    for body in bodies:
        yield CommandRecord(id=mint(), merchant_id=merchant, at=time.time_ns() // 1_000_000, body=body, actor="seed")

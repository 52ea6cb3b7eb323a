"""The limit of Kafka: a bare aiokafka loop on the same broker, no decisions, no database.

Owns two figures: rows per second through chunks of 500 rows a record, and records per second one row a record; each is produced durably,
consumed, produced again and consumed again, as commands and events are.
"""

import asyncio
import contextlib
import os
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from bench.costs import Meter
from bench.ground import Ground
from runtime.event_log import connection
from schemas.codec import encode
from schemas.commands import AddRows, CommandRecord
from schemas.forms import PayoutForm

CHUNK = 500
TOPICS = ("bench.in", "bench.out")


def measure(ground: Ground, rows: int) -> dict[str, dict[str, Any]]:
    """Rows per second, in chunks and one by one."""
    asyncio.run(_make_topics(ground.bootstrap))
    chunks = max(rows // CHUNK, 40)
    return {
        "raw loop, chunks of 500": _one(ground, record(CHUNK), chunks, CHUNK),
        "raw loop, one row a record": _one(ground, record(1), rows // 5, 1),
    }


def record(rows: int) -> bytes:
    """A command of so many rows, as the product writes it."""
    recipient = {"type": "mobile_money", "msisdn": "+256772123456", "name": "Jane Doe"}
    form = PayoutForm(amount_minor=1500, currency="UGX", recipient=recipient, reference="run-123456")
    body = AddRows(batch_id="019b0000-0000-7000-8000-aaaaaaaa0000", first_row=1, rows=[form] * rows)
    return encode(CommandRecord(id="019b0000-0000-7000-8000-cccccccc0001", merchant_id="demo", at=0, body=body))


def _one(ground: Ground, value: bytes, count: int, rows_each: int) -> dict[str, Any]:
    rows = count * rows_each
    with Meter(ground, {"raw loop": os.getpid()}) as meter:
        took = asyncio.run(loop(ground.bootstrap, value, count))
    return {"rows": rows, "figures": {"rows_per_s": rows / took}, "costs": meter.report(rows), "samples": []}


async def loop(bootstrap: str, value: bytes, count: int) -> float:
    """Seconds for `count` records all the way."""
    producer = connection.producer(bootstrap)
    readers = [connection.reader(bootstrap) for _ in TOPICS]
    await producer.start()
    for reader, topic in zip(readers, TOPICS, strict=True):
        await reader.start()
        reader.assign([TopicPartition(topic, 0)])
        await reader.seek_to_end()
        await reader.position(TopicPartition(topic, 0))
    start = time.perf_counter()
    await asyncio.gather(_send(producer, value, count), _copy(readers[0], producer, count), _drain(readers[1], count))
    took = time.perf_counter() - start
    for client in (producer, *readers):
        await client.stop()
    return took


async def _send(producer: AIOKafkaProducer, value: bytes, count: int) -> None:
    futures = [await producer.send(TOPICS[0], value, partition=0) for _ in range(count)]
    await asyncio.gather(*futures)


async def _copy(reader: AIOKafkaConsumer, producer: AIOKafkaProducer, count: int) -> None:
    seen, futures = 0, []
    while seen < count:
        for records in (await reader.getmany(timeout_ms=1000)).values():
            for found in records:
                futures.append(await producer.send(TOPICS[1], found.value, partition=0))  # noqa: PERF401  awaits in order
            seen += len(records)
    await asyncio.gather(*futures)


async def _drain(reader: AIOKafkaConsumer, count: int) -> None:
    seen = 0
    while seen < count:
        seen += sum(map(len, (await reader.getmany(timeout_ms=1000)).values()))


async def _make_topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    settings = {"max.message.bytes": "2097152"}
    with contextlib.suppress(TopicAlreadyExistsError):
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=settings) for name in TOPICS])
    await admin.close()

"""Writing to an upstream's Kafka inbox: the right topic, key, partition, headers and durability (INB-01).

Owns what a producer must get right: the record's key is the merchant id and the partition the Java client's default (murmur2 of the key),
so that all records of a merchant stand in one order; the record is a CloudEvent in binary mode with an id of its own; it is acknowledged
by all replicas and never written twice by a retry. Must not know what a message asks for.
"""

import asyncio
import json
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

TOPIC = "payouts.inbox.{upstream}"
TYPE = "payflow.{kind}.v1"
SEND_SECONDS = 30.0


class Sent(NamedTuple):
    """Where a record stands, and the key that its repeats are recognised by."""

    topic: str
    partition: int
    offset: int
    key: str


class Inbox:
    """A producer for one upstream's inbox topic. Use as an async context manager."""

    def __init__(self, bootstrap: str, upstream: str, *, source: str | None = None, **kafka: Any) -> None:
        """`source` names your system in the CloudEvents; `kafka` are further settings of aiokafka (security_protocol, ...)."""
        self.topic = TOPIC.format(upstream=upstream)
        self._source = source or f"/{upstream}"
        self._settings = {"bootstrap_servers": bootstrap, "acks": "all", "enable_idempotence": True, **kafka}
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> "Inbox":
        self._producer = AIOKafkaProducer(partitioner=java_partition, **self._settings)
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def send(
        self, kind: str, merchant: str, data: Mapping[str, Any], *, key: str | None = None, traceparent: str | None = None
    ) -> Sent:
        """Write one message and wait until it is durable. `kind` as in the AsyncAPI document (request_payout, add_rows, ...).

        A repeat with the same `key` is answered as a duplicate and acts no second time: keep the key with your own record and send
        the same again after a crash. Raises aiokafka.errors.KafkaError, or TimeoutError past 30 s.
        """
        assert self._producer is not None, "use `async with Inbox(...)`"
        key = key or str(uuid.uuid4())
        headers = event_headers(kind, self._source, key, traceparent)
        async with asyncio.timeout(SEND_SECONDS):
            written = await self._producer.send_and_wait(
                self.topic, json.dumps(data).encode(), key=merchant.encode(), headers=headers
            )
        return Sent(self.topic, written.partition, written.offset, key)

    async def request_payout(self, merchant: str, payout: Mapping[str, Any], *, key: str | None = None) -> Sent:
        """Ask for one payout; the form is that of the REST request."""
        return await self.send("request_payout", merchant, payout, key=key)


def event_headers(kind: str, source: str, key: str, traceparent: str | None = None) -> list[tuple[str, bytes]]:
    """The headers of a CloudEvent in binary mode; its id is the idempotency key."""
    named = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": key,
        "ce_source": source,
        "ce_type": TYPE.format(kind=kind),
        "traceparent": traceparent,
    }
    return [(name, text.encode()) for name, text in named.items() if text is not None]


def java_partition(key: bytes, partitions: list[int], _available: list[int]) -> int:
    """The partition that the Java client's default partitioner chooses for a key."""
    hashed: int = murmur2(key)
    return sorted(partitions)[(hashed & 0x7FFFFFFF) % len(partitions)]

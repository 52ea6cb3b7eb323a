"""What travels through the mini pipeline, and on which topics.

Owns names and form: one JSON object a chunk. Keys are merchants; topics are new in each round.
"""

from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from runtime.event_log import connection
from schemas.topics import partition_of

CHUNK = 500
PARTITIONS = 8


def commands(tag: str) -> str:
    """What ingest and rails ask."""
    return f"mini.{tag}.commands"


def events(tag: str) -> str:
    """What the worker decided."""
    return f"mini.{tag}.events"


def encode(kind: str, merchant: str, batch: str, rows: list[Any]) -> bytes:
    """One chunk: `asked` and `accepted` rows, `paid` and `completed` ids; `starting` and `started` where attempts are on the log."""
    return orjson.dumps({"kind": kind, "merchant": merchant, "batch": batch, "rows": rows})


def decode(value: bytes) -> dict[str, Any]:
    """The chunk."""
    found: dict[str, Any] = orjson.loads(value)
    return found


async def make_topics(bootstrap: str, tag: str) -> None:
    """Both topics of a round."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    settings = {"max.message.bytes": "2097152"}
    names = (commands(tag), events(tag))
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=settings) for name in names])
    await admin.close()


async def producer(bootstrap: str) -> AIOKafkaProducer:
    """A started producer; acks=all, as the product's."""
    made = connection.producer(bootstrap)
    await made.start()
    return made


async def reader(bootstrap: str, topic: str) -> AIOKafkaConsumer:
    """A started reader of the whole topic from its start."""
    made = connection.reader(bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20)
    await made.start()
    made.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    await made.seek_to_beginning()
    return made


def partition(merchant: str) -> int:
    """Where a merchant's chunks go."""
    return partition_of(merchant, PARTITIONS)

"""Topics to JSON lines, by a Kafka client other than the product's.

Owns reading from the beginning to the end, once per isolation level, and the proof of having come to the end. Must not judge a record.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from checker.dump.lines import dump_line

WAIT_SECONDS = 60.0
TAKE, TAKE_SECONDS = 2000, 0.2
"""At most so many at once, and so long is waited for as many."""


class DumpError(Exception):
    """A topic could not be read to its end: there is no evidence."""


def dump_topic(bootstrap: str, topic: str, path: Path, *, committed: bool) -> dict[str, list[int]]:
    """Write a topic's records in order; returns partition to [low, high, position reached]. Raises DumpError, KafkaException."""
    consumer = _consumer(bootstrap, committed=committed)
    try:
        partitions = _partitions(consumer, topic)
        reached: dict[str, list[int]] = {}
        with path.open("w", encoding="utf-8") as out:
            for partition in partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=WAIT_SECONDS)
                position = low
                for message in _read(consumer, topic, partition, high) if high > low else ():
                    out.write(dump_line(_form(message)) + "\n")
                    position = int(message.offset() or 0) + 1
                reached[str(partition)] = [low, high, max(position, _end(consumer, topic, partition, position))]
        return reached
    finally:
        consumer.close()


def _consumer(bootstrap: str, *, committed: bool) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "checker",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "check.crcs": True,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
        }
    )


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    found = consumer.list_topics(topic, timeout=WAIT_SECONDS).topics[topic]
    if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return []
    if found.error is not None:
        raise KafkaException(found.error)
    return sorted(found.partitions)


def _read(consumer: Consumer, topic: str, partition: int, high: int) -> Iterator[Message]:
    """All records of one partition, up to the end that the broker tells."""
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    idle = 0.0
    while True:
        messages = consumer.consume(TAKE, timeout=TAKE_SECONDS)
        idle = 0.0 if messages else idle + TAKE_SECONDS
        if idle > WAIT_SECONDS:
            raise DumpError(f"{topic}/{partition}: nothing came for {WAIT_SECONDS:g} s, {high} is the end")
        for message in messages:
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  the client's own name for it
                return
            else:
                raise KafkaException(error)


def _end(consumer: Consumer, topic: str, partition: int, fallback: int) -> int:
    """Where the reader stands: behind control records too."""
    position = consumer.position([TopicPartition(topic, partition)])[0].offset
    return position if position >= 0 else fallback


def _form(message: Message) -> dict[str, Any]:
    raw, key = message.value(), message.key()
    form: dict[str, Any] = {
        "p": message.partition(),
        "o": message.offset(),
        "ts": message.timestamp()[1],
        "key": None if key is None else _text(key),
        "headers": {name: _text(value) for name, value in dict(message.headers() or []).items()},
    }
    try:
        form["value"] = None if raw is None else json.loads(raw)
    except (ValueError, RecursionError):
        form["value"] = None
        form["raw"] = base64.b64encode(raw or b"").decode()
    return form


def _text(value: bytes | str | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""

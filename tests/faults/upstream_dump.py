"""The upstream's side as evidence: its inbox, the replies, and how far its group has come.

Owns reading them with another Kafka client. Must not judge.
"""

import base64
import json
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from tests.faults.cluster import PARTITIONS, UPSTREAM

INBOX, REPLIES, GROUP = f"payouts.inbox.{UPSTREAM}", "payouts.replies", f"ingest-inbox-{UPSTREAM}"
ASK_SECONDS = 10.0


def write(bootstrap: str, folder: Path) -> None:
    """`inbox.jsonl`, `replies.jsonl` and `inbox_committed.json`."""
    for topic, name in ((INBOX, "inbox"), (REPLIES, "replies")):
        lines = [json.dumps(_line(message)) for message in _read(bootstrap, topic)]
        (folder / f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))
    told = {str(partition): offset for partition, offset in committed(bootstrap, list(range(PARTITIONS))).items()}
    (folder / "inbox_committed.json").write_text(json.dumps({INBOX: told}))


def committed(bootstrap: str, partitions: list[int]) -> dict[int, int]:
    """The group's committed offsets; 0 where there is none."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "log_level": 0, "group.id": GROUP})
    try:
        places = consumer.committed([TopicPartition(INBOX, number) for number in partitions], ASK_SECONDS)
        return {place.partition: max(place.offset, 0) for place in places}
    finally:
        consumer.close()


def _read(bootstrap: str, topic: str) -> list[Message]:
    settings = {
        "bootstrap.servers": bootstrap,
        "log_level": 0,
        "group.id": "payflow-fault-dump",
        "enable.auto.commit": False,
    }
    consumer = Consumer({**settings, "isolation.level": "read_committed", "enable.partition.eof": True})
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        found: list[Message] = []
        ended = 0
        while ended < PARTITIONS:
            message = consumer.poll(ASK_SECONDS)
            if message is None or message.error() is not None:
                ended += 1
            else:
                found.append(message)
        return sorted(found, key=lambda message: (message.partition(), message.offset()))
    finally:
        consumer.close()


def _line(message: Message) -> dict[str, Any]:
    key, value = message.key(), message.value()
    line: dict[str, Any] = {
        "topic": message.topic(),
        "p": message.partition(),
        "o": message.offset(),
        "ts": message.timestamp()[1],
    }
    line["key"] = None if key is None else key.decode(errors="replace")
    line["headers"] = {name: (data or b"").decode(errors="replace") for name, data in message.headers() or []}
    try:
        line["value"] = json.loads(value) if value is not None else None
    except (ValueError, RecursionError):
        line |= {"value": None, "raw": base64.b64encode(value or b"").decode()}
    return line

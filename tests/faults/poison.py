"""Records that should never be there: unreadable, foreign, repeated; and consumer groups put back to the beginning.

Owns writing them with another Kafka client, straight to the broker. Must not know how the product reads.
"""

import json
import random

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

COMMANDS, EVENTS = "payouts.commands", "payouts.events"
INBOX = "payouts.inbox.erp"
GROUPS = {"processor": ("payflow-processor", COMMANDS), "rails": ("payflow-rails", EVENTS)}
GROUPS |= {"projector": ("payflow-projector-payflow", EVENTS)}
ASK_SECONDS = 10.0

VALUES: tuple[bytes | None, ...] = (
    b"",
    None,
    b"{",
    b"[]",
    b"\xff\xfe\x00",
    b"null",
    b"1",
    b'{"id":"x"}',
    b'{"id":"x","merchant_id":"m-fault-0","at":1,"body":{"type":"print_money"}}',
    b'{"id":"x","merchant_id":"m-fault-0","at":"noon","body":{"type":"retry_due","payout_ids":[]}}',
    b"[" * 50_000,
)
"""What cannot be read: bad JSON, null, bad UTF-8, an unknown type, a wrong type, depth (F29)."""


def write(bootstrap: str, rng: random.Random) -> int:
    """Six of them on the commands and six on the inbox; returns how many the broker took."""
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, "message.timeout.ms": 8000})
    for topic in (COMMANDS, INBOX):
        for _ in range(6):
            producer.produce(topic, rng.choice(VALUES), rng.choice((b"m-fault-0", b"nobody", None)))
    return 12 - producer.flush(ASK_SECONDS)


def repeat(bootstrap: str, rng: random.Random) -> int:
    """Up to 100 commands that stand on the log, again at its end."""
    found = _some(bootstrap, rng)
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, "message.timeout.ms": 8000})
    for key, value, partition in found:
        producer.produce(COMMANDS, value, key, partition=partition)
    return len(found) - producer.flush(ASK_SECONDS)


def _some(bootstrap: str, rng: random.Random) -> list[tuple[bytes | None, bytes | None, int]]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "log_level": 0, "group.id": "payflow-fault-tests", "enable.auto.commit": False}
    )
    try:
        partition = rng.choice(list(consumer.list_topics(COMMANDS, ASK_SECONDS).topics[COMMANDS].partitions))
        low, high = consumer.get_watermark_offsets(TopicPartition(COMMANDS, partition), ASK_SECONDS)
        start = rng.randint(low, max(low, high - 1))
        consumer.assign([TopicPartition(COMMANDS, partition, start)])
        records = consumer.consume(min(100, high - start), ASK_SECONDS) if high > start else []
        return [(r.key(), r.value(), partition) for r in records if r.error() is None]
    except KafkaException:
        return []
    finally:
        consumer.close()


def reset_group(bootstrap: str, role: str, offset: int) -> bool:
    """Committed offsets of a role's group put to `offset`; False while somebody is still a member."""
    group, topic = GROUPS[role]
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        partitions = admin.list_topics(topic, ASK_SECONDS).topics[topic].partitions
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, number, offset) for number in partitions])
        admin.alter_consumer_group_offsets([wanted])[group].result(ASK_SECONDS)
    except KafkaException:
        return False
    return True


def upstream(bootstrap: str, rng: random.Random, merchant: str, currency: str, count: int) -> int:
    """What the upstream system asks for over its inbox: payouts, one of them twice."""
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, "message.timeout.ms": 60_000})
    for number in range(count):
        payout = {"amount": str(rng.randint(1, 50)), "currency": currency, "recipient_details": {"msisdn": "+256772000123"}}
        body = {"type": "request_payout", "idempotency_key": f"up-{rng.getrandbits(64):x}", "data": payout}
        for _ in range(2 if number % 7 == 0 else 1):
            producer.produce(INBOX, json.dumps(body).encode(), merchant.encode())
    return count - producer.flush(60.0)

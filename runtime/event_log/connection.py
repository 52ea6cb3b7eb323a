"""Settings that every Kafka client of the product shares.

Owns sizes, time-outs and isolation. `read_committed` is set here once for all readers of events, and a test holds it.
"""

from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
BATCH_BYTES_MAX = 1024 * 1024
"""Of records that a producer puts together; one that is larger goes alone."""
REQUEST_MS = 5_000
READ_COMMITTED = "read_committed"
METADATA_MS = 5_000
"""How old a client's view of the cluster may be. A broker that has just started tells of no topics; who shares out a group's partitions by
that gives none to anybody, and only a newer view makes the group share them out again: by default in five minutes."""


def producer(bootstrap: str, **more: Any) -> AIOKafkaProducer:
    """A producer whose sends are durable on all replicas and never doubled by a retry; not started."""
    settings: dict[str, Any] = {
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": 0,
        "retry_backoff_ms": 50,
        "max_batch_size": BATCH_BYTES_MAX,
        "max_request_size": MESSAGE_BYTES_MAX,
        "request_timeout_ms": REQUEST_MS,
        **more,
    }
    return AIOKafkaProducer(bootstrap_servers=bootstrap, **settings)


def reader(bootstrap: str, **more: Any) -> AIOKafkaConsumer:
    """A consumer of committed records that never commits and never jumps: out of range is an error (RUN-28); not started."""
    settings: dict[str, Any] = {
        "isolation_level": READ_COMMITTED,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "fetch_max_wait_ms": 100,
        "max_partition_fetch_bytes": MESSAGE_BYTES_MAX,
        "fetch_max_bytes": 4 * MESSAGE_BYTES_MAX,
        "request_timeout_ms": 15_000,
        "metadata_max_age_ms": METADATA_MS,
        **more,
    }
    return AIOKafkaConsumer(bootstrap_servers=bootstrap, **settings)

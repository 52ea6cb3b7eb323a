"""Checks of the topics before a service starts: they are there and have the partitions that were promised.

Owns the words of the refusal. Must not make topics: `payflow topics apply` does.
"""

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from runtime.settings import RefusedStartError, ServiceSettings

ASK_SECONDS = 15.0


async def check_topics(settings: ServiceSettings, names: Iterable[str]) -> None:
    """Raise RefusedStartError, in one line with the remedy, unless all topics are there with the expected partition count."""
    counts = await _partition_counts(settings.kafka_bootstrap_servers)
    for name in names:
        if name not in counts:
            raise RefusedStartError(f"topic {name} is missing: run `payflow topics apply`")
        if counts[name] != settings.kafka_partitions:
            raise RefusedStartError(
                f"topic {name} has {counts[name]} partitions, KAFKA_PARTITIONS says {settings.kafka_partitions}: "
                f"the count never changes; set KAFKA_PARTITIONS={counts[name]}"
            )


async def _partition_counts(bootstrap: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await admin.start()
            found = await admin.describe_topics()
    except (KafkaError, OSError, TimeoutError) as error:
        remedy = "start it (`payflow dev`) or set KAFKA_BOOTSTRAP_SERVERS"
        raise RefusedStartError(f"no Kafka broker answers at {bootstrap} ({type(error).__name__}): {remedy}") from error
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in found}

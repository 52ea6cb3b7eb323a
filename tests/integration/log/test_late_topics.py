"""A group that shared out nothing, because a broker that had just started told of no topics, shares again when it tells of them (RUN-20)."""

import asyncio
import contextlib
import uuid

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from runtime.event_log import connection

pytestmark = pytest.mark.integration
SECONDS = 4 * connection.METADATA_MS / 1000


async def assigned(reader: AIOKafkaConsumer, partitions: int) -> None:
    """Wait until the reader has so many."""
    async with asyncio.timeout(SECONDS):
        while len(reader.assignment()) != partitions:
            await asyncio.sleep(0.1)


async def test_a_group_that_met_no_topic_gets_its_partitions_when_there_is_one(kafka_bootstrap: str) -> None:
    name = f"late-{uuid.uuid4().hex[:8]}"
    reader = connection.reader(kafka_bootstrap, group_id=name, auto_offset_reset="earliest")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    async with contextlib.AsyncExitStack() as stack:
        await admin.start()
        stack.push_async_callback(admin.close)
        await admin.create_topics([NewTopic(name, 2, 1)])
        reader.subscribe([name])
        await reader.start()
        stack.push_async_callback(reader.stop)
        await assigned(reader, 2)
        await admin.delete_topics([name])
        await assigned(reader, 0)
        await admin.create_topics([NewTopic(name, 2, 1)])
        await assigned(reader, 2)
        await admin.delete_topics([name])

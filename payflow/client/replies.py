"""Reading `payouts.replies`: what became of each inbox record (INB-03).

Owns that only committed replies are read, and that a reader which stops goes on where it was. Must not act on a reply.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from payflow.client.forms import Reply

TOPIC = "payouts.replies"


class Replies:
    """Replies to the records of one upstream, in order per merchant. Use as an async context manager."""

    def __init__(self, bootstrap: str, upstream: str, *, group: str | None = None, **kafka: Any) -> None:
        """`group` keeps the place between runs (committed as you go on to the next reply); without one, from now on only."""
        self._inbox = f"payouts.inbox.{upstream}"
        self._settings = {
            "bootstrap_servers": bootstrap,
            "group_id": group,
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest" if group else "latest",
            **kafka,
        }
        self._group = group
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> "Replies":
        self._consumer = AIOKafkaConsumer(TOPIC, **self._settings)
        await self._consumer.start()
        for place in self._consumer.assignment():  # without a group: from here on, before the caller writes
            await self._consumer.position(place)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._consumer is not None:
            await self._consumer.stop()

    def __aiter__(self) -> AsyncIterator[Reply]:
        return self._each()

    async def _each(self) -> AsyncIterator[Reply]:
        """At least once: a reply counts as read when you ask for the next one."""
        assert self._consumer is not None, "use `async with Replies(...)`"
        async for record in self._consumer:
            reply = msgspec.json.decode(record.value, type=Reply)
            if reply.topic == self._inbox:
                yield reply
            if self._group is not None:
                await self._consumer.commit()

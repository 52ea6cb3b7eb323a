"""Letting go of producers whose state is unknown: without waiting, in bounded time, and without a word in the log.

Owns what of aiokafka has to be cut for that. Must not know what was sent.
"""

import asyncio
import contextlib

from aiokafka import AIOKafkaProducer

DROP_SECONDS = 2.0

_dropping: set["asyncio.Task[None]"] = set()


def drop(producer: AIOKafkaProducer) -> None:
    """Stop it in the background: its stop can hang for as long as the broker is away."""
    task = asyncio.get_running_loop().create_task(_discard(producer))
    _dropping.add(task)
    task.add_done_callback(_dropping.discard)


async def _discard(producer: AIOKafkaProducer) -> None:
    manager = producer._txn_manager  # noqa: SLF001  aiokafka leaves a fenced transaction's future unread; nobody else can
    waiter = manager._transaction_waiter if manager is not None else None  # noqa: SLF001
    if waiter is not None:
        waiter.add_done_callback(lambda future: future.cancelled() or future.exception())
    try:
        async with asyncio.timeout(DROP_SECONDS):
            await producer.stop()
    except Exception:  # noqa: BLE001  the producer is lost either way; what matters is that it is not used again
        await _cut(producer)


async def _cut(producer: AIOKafkaProducer) -> None:
    task = producer._sender.sender_task  # noqa: SLF001  stop() did not end it
    if task is not None:
        task.cancel()
    with contextlib.suppress(Exception):
        async with asyncio.timeout(DROP_SECONDS):
            await producer.client.close()
    producer._closed = True  # noqa: SLF001  keeps its destructor from warning

"""Letting go of producers whose state is unknown: without waiting, in bounded time, and without a word in the log. Nothing is sent again.

Owns what of aiokafka has to be cut for that. Must not know what was sent.
"""

import asyncio
import contextlib

from aiokafka import AIOKafkaProducer

DROP_SECONDS = 2.0

_dropping: set["asyncio.Task[None]"] = set()


def drop(producer: AIOKafkaProducer) -> None:
    """Stop it in the background: its end can hang for as long as the broker is away."""
    task = asyncio.get_running_loop().create_task(let_go(producer))
    _dropping.add(task)
    task.add_done_callback(_dropping.discard)


async def let_go(producer: AIOKafkaProducer) -> None:
    """The same, and wait for it: at most twice DROP_SECONDS, whatever state it is in. Never raises."""
    manager = producer._txn_manager  # noqa: SLF001  aiokafka leaves a fenced transaction's future unread; nobody else can
    waiter = manager._transaction_waiter if manager is not None else None  # noqa: SLF001
    if waiter is not None:
        waiter.add_done_callback(lambda future: future.cancelled() or future.exception())
    producer._closed = True  # noqa: SLF001  not stop(): that goes on sending what nobody waits for any more
    sending = producer._sender.sender_task  # noqa: SLF001
    if sending is not None:
        sending.cancel()
        await asyncio.wait({sending}, timeout=DROP_SECONDS)
    with contextlib.suppress(Exception):  # the producer is lost either way; what matters is that it is not used again
        async with asyncio.timeout(DROP_SECONDS):
            await producer.client.close()

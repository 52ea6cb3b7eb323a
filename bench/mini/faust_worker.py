"""The mini pipeline's worker on Faust, as the guide's was: an agent decides, a producer of our own writes.

Owns the app. The decisions are those of `bench.mini.worker`; nothing fences them.
"""

import asyncio
import sys

import faust
import uvloop

from bench.mini import wire
from bench.mini.worker import Balances
from services.processor.app import build


def app_of(bootstrap: str, tag: str) -> faust.App:
    """An app of this round, with the processor's settings, and one agent that takes what has come in together."""
    app = build(f"mini-{tag}", bootstrap)
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    commands = app.topic(wire.commands(tag), acks=False, **raw)
    balances = Balances()

    async def decide(stream: faust.StreamT[bytes]) -> None:
        producer = await wire.producer(bootstrap)
        async for event in stream.events():
            value, place = balances.decide(wire.decode(event.value)), event.message.partition
            await producer.send(wire.events(tag), value, key=event.key, partition=place)

    app.agent(commands)(decide)

    @app.on_partitions_assigned.connect
    async def _ready(_: object, assigned: set[object], **__: object) -> None:
        if assigned:
            print("ready", flush=True)

    return app


async def main(bootstrap: str, tag: str) -> None:
    """Until it is ended."""
    app = app_of(bootstrap, tag)
    await app.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

"""The mini pipeline's worker on Faust, as the guide's was: an agent decides, a producer of our own writes.

Owns the app. The decisions are those of `bench.mini.worker`; nothing fences them. Where references are promised to be unique it
asks for each chunk's in Postgres first, in one query.
"""

import asyncio
import sys
from typing import Any

import faust
import psycopg
import uvloop

from bench.mini import wire
from bench.mini.promises import Promises
from bench.mini.worker import Balances
from services.processor.app import build

REFERENCES = "SELECT reference FROM payouts WHERE merchant_id = %s AND reference = ANY(%s)"


class References:
    """Whether a reference was used before; asked only where that is promised."""

    def __init__(self, link: psycopg.AsyncConnection | None) -> None:
        """Asks over `link`."""
        self._link = link

    async def check(self, chunk: dict[str, Any]) -> None:
        """Raises RuntimeError for one that was used: no file of the bench has any."""
        if self._link is not None and chunk["kind"] == "asked":
            names = [row[5] for row in chunk["rows"]]
            if await (await self._link.execute(REFERENCES, (chunk["merchant"], names))).fetchone():
                raise RuntimeError("a reference was used before")


def app_of(bootstrap: str, tag: str, references: References) -> faust.App:
    """An app of this round, with the processor's settings, and one agent that takes what has come in together."""
    app = build(f"mini-{tag}", bootstrap)
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    commands = app.topic(wire.commands(tag), acks=False, **raw)
    balances = Balances()

    async def decide(stream: faust.StreamT[bytes]) -> None:
        producer = await wire.producer(bootstrap)
        async for event in stream.events():
            chunk, place = wire.decode(event.value), event.message.partition
            await references.check(chunk)
            value = balances.decide(chunk)
            await producer.send(wire.events(tag), value, key=event.key, partition=place)

    app.agent(commands)(decide)

    @app.on_partitions_assigned.connect
    async def _ready(_: object, assigned: set[object], **__: object) -> None:
        if assigned:
            print("ready", flush=True)

    return app


async def main(bootstrap: str, tag: str, database_url: str, schema: str, promised: str) -> None:
    """Until it is ended."""
    link = None
    if "references" in Promises.read(promised):
        link = await psycopg.AsyncConnection.connect(database_url, options=f"-c search_path={schema}", autocommit=True)
    app = app_of(bootstrap, tag, References(link))
    await app.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

"""The mini pipeline's ingest: reads a file, validates its rows and puts them on the log in chunks.

Owns ids, which share their batch's prefix. A line in is `path merchant`; the answer comes when all of it is durable.
"""

import asyncio
import sys
import uuid
from asyncio import Future
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaProducer

from bench import rows_file
from bench.mini import wire
from bench.mini.promises import Promises


async def main(bootstrap: str, tag: str, promised: str) -> None:
    """Serve lines until there are no more."""
    producer, whole = await wire.producer(bootstrap), "whole" in Promises.read(promised)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        path, merchant = line.split()
        if whole:
            await asyncio.to_thread(_read, Path(path))
        await ingest(producer, wire.commands(tag), Path(path), merchant)
        print("done", flush=True)


def _read(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        for _ in rows_file.read(file):
            pass


async def ingest(producer: AIOKafkaProducer, topic: str, path: Path, merchant: str) -> None:
    """One file."""
    batch, place = str(uuid.uuid4()), wire.partition(merchant)
    sent: list[Future[Any]] = []
    with path.open(encoding="utf-8", newline="") as file:
        for chunk in rows_file.chunks(file, wire.CHUNK):
            rows = [(f"{batch[:24]}{row.number:012x}", *row) for row in chunk]
            value = wire.encode("asked", merchant, batch, rows)
            sent.append(await producer.send(topic, value, key=merchant.encode(), partition=place))
    await asyncio.gather(*sent)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

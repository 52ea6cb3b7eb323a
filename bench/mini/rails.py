"""The mini pipeline's rails: what was accepted is paid, at once by a function call, or by a provider over HTTP.

Owns the answers, which go back to the worker as commands, and, where it is promised, the attempt before each call.
"""

import asyncio
import sys
from typing import Any

import aiohttp
import orjson
import uvloop
from aiokafka import AIOKafkaProducer

from bench.mini import wire
from bench.mini.promises import NONE, Promises

CALLS = 16
Row = list[Any]


class Function:
    """The provider that is a function: it always pays and gives its own reference."""

    async def pay(self, rows: list[Row]) -> list[tuple[str, str]]:
        """Each row's id and the provider's reference."""
        return [(row[0], f"p-{row[0]}") for row in rows]


class Http:
    """The provider simulator, in bulk calls, at most CALLS at once."""

    def __init__(self, url: str) -> None:
        """Made inside a running loop."""
        self._url, self._calls = f"{url}/batchtransactions", asyncio.Semaphore(CALLS)
        self._session = aiohttp.ClientSession(headers={"Content-Type": "application/json"}, auto_decompress=False)

    async def pay(self, rows: list[Row]) -> list[tuple[str, str]]:
        """The same. Raises RuntimeError unless all were paid: no payee of the bench fails."""
        body = orjson.dumps({"transfers": [_transfer(row) for row in rows]})
        async with self._calls, self._session.post(self._url, data=body) as response:
            results = orjson.loads(await response.read())["results"]
        if any(one["status"] != "paid" for one in results):
            raise RuntimeError("the provider did not pay")
        return [(one["reference"], one["provider_reference"]) for one in results]


def _transfer(row: Row) -> dict[str, Any]:
    name, _, msisdn, amount, currency, _, payee = row
    told = {"type": "mobile_money", "msisdn": msisdn, "name": payee}
    return {"reference": name, "amount": str(amount), "currency": currency, "payee": told, "description": None}


class Rails:
    """What is owed for each kind of event."""

    def __init__(self, producer: AIOKafkaProducer, tag: str, provider: Function | Http, promises: Promises) -> None:
        """Nothing is under way."""
        self._producer, self._tag, self._provider = producer, tag, provider
        self._attempts = "attempts" in promises
        self._accepted: dict[str, Row] = {}

    async def follow(self, chunk: dict[str, Any], key: bytes, partition: int) -> None:
        """Do it."""
        rows = chunk["rows"]
        if chunk["kind"] == "accepted" and self._attempts:
            self._accepted.update((row[0], row) for row in rows)
            await self._say("starting", chunk, [row[0] for row in rows], key, partition)
        elif chunk["kind"] == "accepted":
            await self._say("paid", chunk, await self._provider.pay(rows), key, partition)
        elif chunk["kind"] == "started":
            started = [self._accepted.pop(name) for name in rows]
            await self._say("paid", chunk, await self._provider.pay(started), key, partition)

    async def _say(self, kind: str, chunk: dict[str, Any], rows: list[Any], key: bytes, partition: int) -> None:
        value = wire.encode(kind, chunk["merchant"], chunk["batch"], rows)
        await (await self._producer.send(wire.commands(self._tag), value, key=key, partition=partition))


async def main(bootstrap: str, tag: str, url: str, promised: str) -> None:
    """Follow the events. What a function pays is sent before the next poll; a provider's answers are waited for beside it."""
    reader, producer = await wire.reader(bootstrap, wire.events(tag)), await wire.producer(bootstrap)
    rails = Rails(producer, tag, Function() if url == NONE else Http(url), Promises.read(promised))
    print("ready", flush=True)
    async with asyncio.TaskGroup() as under_way:  # one that fails ends the process, and with it the run
        while True:
            polled = await reader.getmany(timeout_ms=500, max_records=100)
            told = (
                (wire.decode(record.value), record.key, place.partition)
                for place, records in polled.items()
                for record in records
            )
            begun = [under_way.create_task(rails.follow(*one)) for one in told]
            if url == NONE:
                await asyncio.gather(*begun)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

"""The mini pipeline's rails: what was accepted is paid at once by a provider that is a function call.

Owns the answers, which go back to the worker as commands.
"""

import asyncio
import sys

import uvloop

from bench.mini import wire


def pay(payout_id: str) -> str:
    """The provider: it always pays and gives its own reference."""
    return f"p-{payout_id}"


async def main(bootstrap: str, tag: str) -> None:
    """Follow the events."""
    reader, producer = await wire.reader(bootstrap, wire.events(tag)), await wire.producer(bootstrap)
    print("ready", flush=True)
    while True:
        sent = []
        for place, records in (await reader.getmany(timeout_ms=500, max_records=100)).items():
            for record in records:
                chunk = wire.decode(record.value)
                if chunk["kind"] == "accepted":
                    paid = [(row[0], pay(row[0])) for row in chunk["rows"]]
                    value = wire.encode("paid", chunk["merchant"], chunk["batch"], paid)
                    sent.append(await producer.send(wire.commands(tag), value, key=record.key, partition=place.partition))
        await asyncio.gather(*sent)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

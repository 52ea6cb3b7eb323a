"""The mini pipeline's worker: decides in log order, with the balances in memory.

Owns them: money asked for is held, money paid leaves. Nothing fences it, and it forgets all when it ends.
"""

import asyncio
import sys
from collections import defaultdict
from typing import Any

import uvloop

from bench.mini import wire
from bench.rival_books import FUNDS_MINOR


class Balances:
    """Available and held minor units per merchant, and the amounts that are open."""

    def __init__(self) -> None:
        """Everybody starts rich."""
        self.available: dict[str, int] = defaultdict(lambda: FUNDS_MINOR)
        self.held: dict[str, int] = defaultdict(int)
        self.open: dict[str, int] = {}

    def decide(self, chunk: dict[str, Any]) -> bytes:
        """One command chunk becomes one event chunk."""
        merchant, rows = chunk["merchant"], chunk["rows"]
        if chunk["kind"] == "asked":
            accepted = []
            for row in rows:
                amount = row[3]
                if amount <= self.available[merchant]:
                    self.available[merchant] -= amount
                    self.held[merchant] += amount
                    self.open[row[0]] = amount
                    accepted.append(row)
            return wire.encode("accepted", merchant, chunk["batch"], accepted)
        if chunk["kind"] == "starting":
            return wire.encode("started", merchant, chunk["batch"], [name for name in rows if name in self.open])
        for name, _ in rows:
            self.held[merchant] -= self.open[name]
        completed = [(name, reference, self.open.pop(name)) for name, reference in rows]
        return wire.encode("completed", merchant, chunk["batch"], completed)


async def main(bootstrap: str, tag: str) -> None:
    """Copy commands to events, deciding."""
    balances = Balances()
    reader, producer = await wire.reader(bootstrap, wire.commands(tag)), await wire.producer(bootstrap)
    print("ready", flush=True)
    while True:
        sent = []
        for place, records in (await reader.getmany(timeout_ms=500, max_records=100)).items():
            for record in records:
                value = balances.decide(wire.decode(record.value))
                sent.append(await producer.send(wire.events(tag), value, key=record.key, partition=place.partition))
        await asyncio.gather(*sent)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

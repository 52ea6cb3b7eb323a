"""The mini pipeline's projector: the events of one poll become one transaction.

Owns the order inside it: the offset guard first, then COPY of new rows, then one UPDATE of the completed ones. A payout that was born and
completed in the same poll is written once; in the guide's form it is inserted and updated, as every other. Where they are promised, a
started attempt is an update of its own, unless its answer came in the same poll, and each change a line of history.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import uvloop

from bench.mini import wire
from bench.mini.history import HISTORY, History
from bench.mini.promises import Promises

RECORDS = 40
COPY = (
    "COPY payouts (id, merchant_id, batch_id, row_number, reference, amount_minor, currency, recipient, status, version,"
    " provider_reference, created_at, completed_at) FROM STDIN"
)
GUARD = "UPDATE offsets SET next_offset = %s WHERE partition = %s AND next_offset = %s"
COMPLETED = """UPDATE payouts p SET status = 'completed', version = 2, provider_reference = u.provider_reference, completed_at = now()
    FROM unnest(%s::uuid[], %s::text[]) AS u (id, provider_reference) WHERE p.id = u.id"""
STARTED = """UPDATE payouts p SET status = 'processing', version = 2 FROM unnest(%s::uuid[]) AS u (id) WHERE p.id = u.id"""
MERCHANTS = """UPDATE merchants m SET balance_minor = m.balance_minor - u.asked, held_minor = m.held_minor + u.asked - u.paid,
    paid_minor = m.paid_minor + u.paid, accepted = m.accepted + u.accepted, completed = m.completed + u.completed
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS u (id, asked, paid, accepted, completed)
    WHERE m.id = u.id"""
ENTRIES = """INSERT INTO ledger_entries (merchant_id, account, amount_minor, batch_id, payout_count)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::uuid[], %s::integer[])"""


class Poll:
    """The events of one poll, folded."""

    def __init__(self, promises: Promises, *, folded: bool = True) -> None:
        """Empty; a payout's changes become one write unless `folded` is false."""
        self._folded = folded
        self.history = History() if "history" in promises else None
        self.started: dict[str, None] = {}
        self.born: dict[str, tuple[str, str, list[Any]]] = {}
        self.completed: dict[str, str] = {}
        self.sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self.entries: list[tuple[str, str, int, str, int]] = []

    def add(self, chunk: dict[str, Any], partition: int, offset: int) -> None:
        """One event."""
        if self.history is not None:
            self.history.add(chunk, partition, offset)
        if chunk["kind"] == "started":
            self.started.update(dict.fromkeys(chunk["rows"]))
        else:
            self._move(chunk)

    def _move(self, chunk: dict[str, Any]) -> None:
        merchant, batch, rows = chunk["merchant"], chunk["batch"], chunk["rows"]
        accepted = chunk["kind"] == "accepted"
        if accepted:
            self.born.update((row[0], (merchant, batch, row)) for row in rows)
            total = sum(row[3] for row in rows)
        else:
            self.completed.update((row[0], row[1]) for row in rows)
            total = sum(row[2] for row in rows)
        sums = self.sums[merchant]
        sums[0 if accepted else 1] += total
        sums[2 if accepted else 3] += len(rows)
        source, target = ("available", "held") if accepted else ("held", "paid")
        self.entries += [(merchant, source, -total, batch, len(rows)), (merchant, target, total, batch, len(rows))]

    def lines(self) -> str:
        """The new rows as COPY reads them; takes those that are completed already out of `completed`."""
        now = datetime.now(UTC).isoformat()
        parts = []
        for name, (merchant, batch, row) in self.born.items():
            reference = self.completed.pop(name, None) if self._folded else None
            state = f"pending\t1\t\\N\t{now}\t\\N" if reference is None else f"completed\t2\t{reference}\t{now}\t{now}"
            _, number, msisdn, amount, currency, own, payee = row
            parts.append(f"{name}\t{merchant}\t{batch}\t{number}\t{own}\t{amount}\t{currency}\t{msisdn} {payee}\t{state}\n")
        return "".join(parts)


async def write(connection: psycopg.AsyncConnection, poll: Poll, moves: Mapping[int, tuple[int, int]]) -> None:
    """One transaction. Raises RuntimeError if somebody else has written these offsets."""
    async with connection.transaction(), connection.cursor() as cursor:
        for partition, (first, following) in moves.items():
            await cursor.execute(GUARD, (following, partition, first))
            if cursor.rowcount != 1:
                raise RuntimeError(f"partition {partition} does not stand at {first}")
        if poll.born:
            async with cursor.copy(COPY) as copy:
                await copy.write(poll.lines())
        if started := [name for name in poll.started if name not in poll.completed]:
            await cursor.execute(STARTED, (started,))
        if poll.history is not None:
            async with cursor.copy(HISTORY) as copy:
                await copy.write(poll.history.lines())
        if poll.completed:
            await cursor.execute(COMPLETED, (list(poll.completed), list(poll.completed.values())))
        if poll.sums:
            await cursor.execute(MERCHANTS, [list(poll.sums), *map(list, zip(*poll.sums.values(), strict=True))])
            await cursor.execute(ENTRIES, list(map(list, zip(*poll.entries, strict=True))))


async def main(bootstrap: str, tag: str, database_url: str, schema: str, form: str, promised: str) -> None:
    """Project from the start of this round's topic."""
    link = await psycopg.AsyncConnection.connect(database_url, options=f"-c search_path={schema}", autocommit=True)
    await link.execute("DELETE FROM offsets")
    await link.execute("INSERT INTO offsets SELECT n, 0 FROM generate_series(0, %s) AS n", (wire.PARTITIONS - 1,))
    reader, promises = await wire.reader(bootstrap, wire.events(tag)), Promises.read(promised)
    print("ready", flush=True)
    while True:
        found = await reader.getmany(timeout_ms=500, max_records=RECORDS)
        poll, moves = Poll(promises, folded=form != "each"), {}
        for place, records in found.items():
            moves[place.partition] = (records[0].offset, records[-1].offset + 1)
            for record in records:
                poll.add(wire.decode(record.value), place.partition, record.offset)
            await asyncio.sleep(0)
        if moves:
            await write(link, poll, moves)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

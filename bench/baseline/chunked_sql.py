"""The honest rival: one worker that locks the merchant's row and books 500 payouts per transaction, without Kafka.

Owns two transactions a chunk: hold with COPY of the rows, and complete by one UPDATE of the chunk's ids (a batch's ids lie
together). The provider answers at once, in the process, or, in the ladder, over HTTP, with
CALLS chunks held and asked for at a time. A line in is `path merchant`. Runs in the
baseline's own environment.
"""

import os
import sys
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bench import rival_books, rows_file
from bench.baseline.provider import Order, pay_many

CHUNK = 500
CALLS = 4
Values = dict[str, object]
COPY = (
    "COPY payouts (id, merchant_id, batch_id, row_number, reference, amount_minor, currency, recipient, status, version, created_at)"
    " FROM STDIN"
)
HOLD = """UPDATE merchants SET balance_minor = balance_minor - %(sum)s, held_minor = held_minor + %(sum)s,
    accepted = accepted + %(count)s WHERE id = %(merchant)s"""
COMPLETE = """UPDATE merchants SET held_minor = held_minor - %(sum)s, paid_minor = paid_minor + %(sum)s,
    completed = completed + %(count)s WHERE id = %(merchant)s"""
ENTRIES = """INSERT INTO ledger_entries (merchant_id, account, amount_minor, batch_id, payout_count)
    VALUES (%(merchant)s, %(from)s, -%(sum)s, %(batch)s, %(count)s), (%(merchant)s, %(to)s, %(sum)s, %(batch)s, %(count)s)"""
COMPLETED = """UPDATE payouts p SET status = 'completed', version = 2, provider_reference = u.provider_reference, completed_at = now()
    FROM unnest(%s::uuid[], %s::text[]) AS u (id, provider_reference) WHERE p.id = u.id"""


def main() -> None:
    """Answer each file when all of it is completed."""
    with rival_books.connect(os.environ["DATABASE_URL"], os.environ["BASELINE_SCHEMA"]) as connection:
        print("ready", flush=True)
        for line in sys.stdin:
            path, merchant = line.split()
            batch = str(uuid.uuid4())
            with Path(path).open(encoding="utf-8", newline="") as file:
                chunks = rows_file.chunks(file, CHUNK)
                if os.environ.get("BASELINE_PROVIDER"):
                    pay_at_provider(connection, merchant, batch, chunks)
                else:
                    for chunk in chunks:
                        orders, values = hold(connection, merchant, batch, chunk)
                        complete(connection, orders, pay_many(orders), values)
            print("done", flush=True)


def pay_at_provider(connection: rival_books.Books, merchant: str, batch: str, chunks: Iterator[list[rows_file.Row]]) -> None:
    """Hold chunks while the provider is at work on those before."""
    asked: deque[tuple[list[Order], Future[list[str]], Values]] = deque()
    with ThreadPoolExecutor(CALLS) as callers:
        for chunk in chunks:
            orders, values = hold(connection, merchant, batch, chunk)
            asked.append((orders, callers.submit(pay_many, orders), values))
            if len(asked) > CALLS:
                _complete_next(connection, asked)
        while asked:
            _complete_next(connection, asked)


def _complete_next(connection: rival_books.Books, asked: "deque[tuple[list[Order], Future[list[str]], Values]]") -> None:
    orders, references, values = asked.popleft()
    complete(connection, orders, references.result(), values)


def hold(connection: rival_books.Books, merchant: str, batch: str, chunk: list[rows_file.Row]) -> tuple[list[Order], Values]:
    """The first transaction of a chunk."""
    ids = [f"{batch[:24]}{row.number:012x}" for row in chunk]
    values: Values = {
        "merchant": merchant,
        "batch": batch,
        "count": len(chunk),
        "sum": sum(row.amount_minor for row in chunk),
    }
    with connection.transaction():
        _lock(connection, values)
        _insert(connection, merchant, batch, ids, chunk)
        connection.execute(HOLD, values)
        connection.execute(ENTRIES, values | {"from": "available", "to": "held"})
    return [Order(name, row) for name, row in zip(ids, chunk, strict=True)], values


def complete(connection: rival_books.Books, orders: list[Order], references: list[str], values: Values) -> None:
    """The second one, when the provider has paid."""
    with connection.transaction():
        _lock(connection, values)
        connection.execute(COMPLETED, ([order.payout_id for order in orders], references))
        connection.execute(COMPLETE, values)
        connection.execute(ENTRIES, values | {"from": "held", "to": "paid"})


def _lock(connection: rival_books.Books, values: Values) -> None:
    locked = connection.execute("SELECT balance_minor FROM merchants WHERE id = %(merchant)s FOR UPDATE", values).fetchone()
    if locked is None or locked[0] < int(str(values["sum"])):
        raise ValueError("insufficient funds")


def _insert(connection: rival_books.Books, merchant: str, batch: str, ids: list[str], chunk: list[rows_file.Row]) -> None:
    now = datetime.now(UTC).isoformat()
    lines = [
        f"{name}\t{merchant}\t{batch}\t{row.number}\t{row.reference}\t{row.amount_minor}\t{row.currency}"
        f"\t{row.msisdn} {row.name}\tpending\t1\t{now}\n"
        for name, row in zip(ids, chunk, strict=True)
    ]
    with connection.cursor().copy(COPY) as copy:
        copy.write("".join(lines))


if __name__ == "__main__":
    main()

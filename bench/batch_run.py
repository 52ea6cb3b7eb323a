"""One batch through the whole product: accepted, visible, paid.

Owns the clock readings. Visible is counted in Postgres itself, not believed from an answer.
"""

import threading
import time
from dataclasses import dataclass

import psycopg

from payflow.public_api import PublicApi
from payflow.stack import Stack

LIMIT_SECONDS = 900.0


@dataclass(frozen=True)
class BatchTimes:
    """Seconds from the start of the upload."""

    rows: int
    accepted: float
    first_visible: float
    visible: float
    paid: float

    def rates(self) -> dict[str, float]:
        """Rows per second of each stage, all from the same start, save paying, which starts when the batch is accepted."""
        return {
            "accepted_rows_per_s": self.rows / self.accepted,
            "visible_rows_per_s": self.rows / self.visible,
            "paid_rows_per_s": self.rows / (self.paid - self.accepted),
            "first_row_visible_s": self.first_visible,
        }


def run(stack: Stack, rows: int, tag: str) -> BatchTimes:
    """Upload `rows` mobile-money rows and follow them to their end."""
    api = PublicApi(stack.url)
    content = _csv(rows, tag)
    start = time.perf_counter()
    with psycopg.connect(stack.database_url, options=f"-c search_path={_schema(stack)}", autocommit=True) as watcher:
        before = _count(watcher, "true")
        seen: dict[str, float] = {}
        watching = threading.Thread(target=_watch, args=(stack, before, rows, start, seen))
        watching.start()
        batch = api.upload("bench.csv", content, {"name": tag}, merchant="demo", key=f"bench-{tag}")
        accepted = time.perf_counter() - start
        watching.join()
        paid = _until(watcher, f"batch_id = '{batch['id']}' AND status = 'completed'", rows, start)
    api.close()
    return BatchTimes(rows, accepted, seen["first"], seen["all"], paid)


def _csv(rows: int, tag: str) -> bytes:
    lines = ["msisdn,amount,currency,reference,name"]
    lines += [f"+25677{row:07d},{1000 + row % 500},UGX,{tag}-{row},Payee {row}" for row in range(rows)]
    return "\n".join(lines).encode()


def _schema(stack: Stack) -> str:
    return stack.environ.get("PROJECTION_SCHEMA", "payflow")


def _watch(stack: Stack, before: int, rows: int, start: float, seen: dict[str, float]) -> None:
    with psycopg.connect(stack.database_url, options=f"-c search_path={_schema(stack)}", autocommit=True) as connection:
        while "all" not in seen and time.perf_counter() - start < LIMIT_SECONDS:
            there = _count(connection, "true") - before
            now = time.perf_counter() - start
            if there and "first" not in seen:
                seen["first"] = now
            if there >= rows:
                seen["all"] = now
            time.sleep(0.05 if there < 1000 else 0.25)


def _until(connection: "psycopg.Connection[tuple[int, ...]]", condition: str, rows: int, start: float) -> float:
    while _count(connection, condition) < rows:
        if time.perf_counter() - start > LIMIT_SECONDS:
            raise SystemExit("the batch did not end in time")
        time.sleep(0.5)
    return time.perf_counter() - start


def _count(connection: "psycopg.Connection[tuple[int, ...]]", condition: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM payouts WHERE {condition}").fetchone()
    return row[0] if row else 0

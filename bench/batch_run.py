"""Batches through the whole product, as clients send them: accepted, visible, completed.

Owns the clock readings. Progress is read from the batches' totals in Postgres (cheap, and counted once in the rows themselves at the end),
not believed from an answer; latencies are those that the product wrote into its rows.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg

from bench import rows_file
from payflow.public_api import PublicApi
from payflow.stack import Stack

LIMIT_SECONDS = 1800.0
SLOWEST = 100
"""Rows per second: a file that takes longer than this, and than LIMIT_SECONDS, has stopped."""
SENDERS = 8
LOOK = """SELECT coalesce(sum(t.count), 0)::bigint, coalesce(sum(t.count) FILTER (WHERE t.status = 'completed'), 0)::bigint
    FROM batch_totals t JOIN batches b ON b.id = t.batch_id WHERE b.name = %s"""
ROWS = """FROM batches b JOIN LATERAL (SELECT * FROM payouts WHERE id BETWEEN overlay(b.id::text PLACING '00000000' FROM 29)::uuid
        AND overlay(b.id::text PLACING 'ffffffff' FROM 29)::uuid) p ON true
    WHERE b.name = %s"""
"""By the range of ids: looked for in the whole table they would cost more with every payout there, and that would be measured."""
PROOF = f"SELECT count(*) {ROWS} AND p.status = 'completed'"
LATENCIES = f"""SELECT (p.completed_at - (SELECT min(created_at) FROM batches WHERE name = %s)) / 1000 AS second, count(*)::integer,
        percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY p.completed_at - p.created_at)
    {ROWS} AND p.completed_at IS NOT NULL GROUP BY 1 ORDER BY 1"""


@dataclass
class BatchRun:
    """What was seen, in seconds from the start of the first upload: `samples` are (seconds, visible, completed)."""

    tag: str
    rows: int
    start: float
    accepted: float = 0.0
    samples: list[tuple[float, int, int]] = field(default_factory=lambda: [(0.0, 0, 0)])
    latencies: list[tuple[int, int, float, float]] = field(default_factory=list)
    """(second, payouts completed in it, p50 and p99 of milliseconds from decision to completion)."""

    def figures(self) -> dict[str, float]:
        """Rows per second of each stage, from the same start."""
        return {
            "accepted_rows_per_s": self.rows / self.accepted,
            "visible_rows_per_s": self.rows / self._seconds(1, self.rows),
            "completed_rows_per_s": self.rows / self._seconds(2, self.rows),
            "first_row_visible_s": self._seconds(1, 1),
            "first_row_completed_s": self._seconds(2, 1),
        }

    def visible(self, rows: int) -> float:
        """Seconds until so many rows were visible."""
        return self._seconds(1, rows)

    def completed(self, rows: int) -> float:
        """Seconds until so many rows were paid."""
        return self._seconds(2, rows)

    def _seconds(self, place: int, rows: int) -> float:
        return next(sample[0] for sample in self.samples if sample[place] >= rows)


def run(
    stack: Stack,
    rows: int,
    tag: str,
    merchants: Sequence[str],
    *,
    until: str = "completed",
    payees: Callable[[int], str] = rows_file.payee,
    pause: float | None = None,
) -> BatchRun:
    """Upload one file per merchant and follow all rows until they are `completed`, or only `visible`, or only `accepted`.

    `pause` is the time between two looks; without it they are short at first and longer later.
    """
    share = rows // len(merchants)
    files = {merchant: rows_file.text(share, f"{tag}-{merchant}", payees=payees) for merchant in merchants}
    seen = BatchRun(tag, share * len(merchants), time.perf_counter())
    uploading = threading.Thread(target=_upload_all, args=(stack, seen, files))
    uploading.start()
    place = {"accepted": 0, "visible": 1, "completed": 2}[until]
    with connect(stack) as connection:
        _follow(connection, seen, place, uploading, pause)
        uploading.join()
        if not seen.accepted:
            raise SystemExit("an upload failed")
        if until == "completed":
            _prove(connection, seen)
            seen.latencies = connection.execute(LATENCIES, (tag, tag)).fetchall()  # type: ignore[assignment]
            seen.latencies = [(second, count, *both) for second, count, both in seen.latencies]  # type: ignore[misc]
    return seen


def connect(stack: Stack) -> psycopg.Connection:
    """A look at the live views."""
    schema = stack.environ.get("PROJECTION_SCHEMA", "payflow")
    return psycopg.connect(stack.database_url, options=f"-c search_path={schema}", autocommit=True)


def _upload_all(stack: Stack, seen: BatchRun, files: dict[str, bytes]) -> None:
    def upload(merchant: str) -> None:
        api = PublicApi(stack.url)
        try:
            api.upload("bench.csv", files[merchant], {"name": seen.tag}, merchant=merchant, key=f"bench-{seen.tag}")
        finally:
            api.close()

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(upload, files))
    seen.accepted = time.perf_counter() - seen.start


def _follow(
    connection: psycopg.Connection, seen: BatchRun, place: int, uploading: threading.Thread, pause: float | None
) -> None:
    limit = max(LIMIT_SECONDS, seen.rows / SLOWEST)
    while (seen.samples[-1][place] < seen.rows) if place else uploading.is_alive():
        visible, completed = connection.execute(LOOK, (seen.tag,)).fetchone()  # type: ignore[misc]
        now = time.perf_counter() - seen.start
        seen.samples.append((now, visible, completed))
        if now > limit or (not seen.accepted and not uploading.is_alive()):
            raise SystemExit(f"the batch {seen.tag} stopped at {seen.samples[-1]} of {seen.rows}")
        time.sleep(pause or (0.02 if now < 2 else 0.1))


def _prove(connection: psycopg.Connection, seen: BatchRun) -> None:
    row = connection.execute(PROOF, (seen.tag,)).fetchone()
    if row is None or row[0] != seen.rows:
        raise SystemExit(f"the batch {seen.tag} counts {seen.rows} completed payouts, but its rows say {row}")

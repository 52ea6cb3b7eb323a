"""Changes at a given rate: rows that are added to an open batch, chunk by chunk, on time.

Owns the pace. Nobody waits for a chunk to be decided (`Prefer: wait=0`), so a slow view does not slow down what it has to show.
"""

import time
from dataclasses import dataclass

import httpx2

from bench.posts import BODY
from payflow.stack import Stack
from runtime.ids import mint

TAKEN = {200, 202}
ROWS_MAX = 1_000_000


@dataclass(frozen=True)
class Trickle:
    """What was sent: changes, and in how many seconds; `late` is the longest that a chunk went after its time, in seconds."""

    changes: int
    seconds: float
    late: float

    @property
    def rate(self) -> float:
        """Changes per second, as it came to be."""
        return self.changes / self.seconds


def open_batch(stack: Stack, merchant: str) -> str:
    """An empty batch; its id."""
    with _client(stack, merchant, wait=5) as client:
        answer = client.post("/api/v1/batches/", json={"name": "trickle"})
        if answer.status_code != 201:
            raise SystemExit(f"no batch was opened: {answer.status_code} {answer.text[:200]}")
        return str(answer.json()["id"])


def send(stack: Stack, merchant: str, batch_id: str, *, per_second: int, chunk: int, seconds: float) -> Trickle:
    """Rows at this rate for so long. Ends the run when a chunk is refused."""
    count, late = max(min(int(per_second * seconds), ROWS_MAX) // chunk, 1), 0.0
    start = time.perf_counter()
    with _client(stack, merchant, wait=0) as client:
        for number in range(count):
            due = start + number * chunk / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            late = max(late, time.perf_counter() - due)
            rows = {"first_row": number * chunk + 1, "rows": [BODY] * chunk}
            _check(client.post(f"/api/v1/batches/{batch_id}/rows/", json=rows, headers={"Idempotency-Key": mint()}))
    took = max(time.perf_counter() - start, count * chunk / per_second)
    return Trickle(count * chunk, took, late)


def _client(stack: Stack, merchant: str, wait: int) -> httpx2.Client:
    headers = {"X-Merchant-Id": merchant, "Prefer": f"wait={wait}", "Idempotency-Key": mint()}
    return httpx2.Client(base_url=stack.url, timeout=60, headers=headers)


def _check(answer: httpx2.Response) -> None:
    if answer.status_code not in TAKEN:
        raise SystemExit(f"a chunk was answered {answer.status_code}: {answer.text[:200]}")

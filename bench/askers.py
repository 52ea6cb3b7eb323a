"""Clients that keep asking, whatever they are told: single POSTs that wait for the decision, POSTs that do not, and uploads.

Owns what each of them hears: when it was sent, how long the answer took, its status and code. Must not judge.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import httpx2

from bench import percentiles, posts, rows_file
from payflow.stack import Stack
from runtime.ids import mint

TIMEOUT_SECONDS = 120.0


class Heard(NamedTuple):
    """One answer: seconds since the start, milliseconds it took, status and code, whether it says when to come again."""

    at: float
    took_ms: float
    said: str
    retry_after: bool


class Asker:
    """One client in a thread of its own, from entering the block to leaving it."""

    def __init__(
        self, stack: Stack, merchant: str, start: float, *, wait: int = 5, rows: int = 0, pace: float = 0.0
    ) -> None:
        """POSTs with `Prefer: wait`, or uploads of `rows` rows; at most one every `pace` seconds. Times count from `start`."""
        self.heard: list[Heard] = []
        self._stack, self._merchant, self._start = stack, merchant, start
        self._wait, self._rows, self._pace = wait, rows, pace
        self._ended = threading.Event()

    def __enter__(self) -> "Asker":
        """Begin."""
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, after the answer that is under way."""
        self._ended.set()
        self._thread.join(TIMEOUT_SECONDS)

    def _ask(self) -> None:
        headers = {"X-Merchant-Id": self._merchant, "Prefer": f"wait={self._wait}"}
        with httpx2.Client(base_url=self._stack.url, timeout=TIMEOUT_SECONDS, headers=headers) as client:
            while not self._ended.is_set():
                sent = time.perf_counter()
                said, retry_after = self._once(client)
                took = time.perf_counter() - sent
                self.heard.append(Heard(sent - self._start, took * 1000, said, retry_after))
                self._ended.wait(max(0.0, self._pace - took))

    def _once(self, client: httpx2.Client) -> tuple[str, bool]:
        headers = {"Idempotency-Key": mint()}
        try:
            if self._rows:
                files = {"file": ("bench.csv", rows_file.text(self._rows, headers["Idempotency-Key"]), "text/csv")}
                answer = client.post("/api/v1/batches/upload/", files=files, headers=headers)
            else:
                answer = client.post("/api/v1/payouts/", json=posts.BODY, headers=headers)
        except httpx2.HTTPError as error:
            return type(error).__name__, False
        return said(answer), "retry-after" in answer.headers


def said(answer: httpx2.Response) -> str:
    """Status, and the code of a problem."""
    code = answer.json().get("code", "") if answer.status_code >= 400 and answer.content else ""
    return f"{answer.status_code} {code}".strip()


def told(heard: Sequence[Heard]) -> dict[str, dict[str, float]]:
    """Of each kind of answer: how many, how long they took, and how many said when to come again."""
    found: dict[str, dict[str, float]] = {}
    for kind, count in Counter(one.said for one in heard).items():
        mine = [one for one in heard if one.said == kind]
        times = [one.took_ms for one in mine]
        found[kind] = {
            "count": count,
            "p50_ms": round(percentiles.of(times, 0.5), 1),
            "p99_ms": round(percentiles.of(times, 0.99), 1),
            "retry_after": sum(one.retry_after for one in mine),
        }
    return found

"""Single POSTs as a client sees them, one after another at a low rate: from sending to the decided answer.

Owns the clock readings. `shown` goes on until a plain GET right behind the answer has the payout, which waits for the views. The client is
the standard library's plainest: what a client takes itself is no part of what is measured.
"""

import json
import statistics
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

from bench.door import Door
from payflow.stack import Stack

PACE_SECONDS = 0.05
"""20 a second at most: low load."""
WARM_UP = 20
DECIDED, SHOWN, UNDECIDED = 201, 200, {202, 429, 503}
BODY = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}


@dataclass
class Posts:
    """Answers as (seconds since the start, milliseconds until decided)."""

    answers: list[tuple[float, float]] = field(default_factory=list)

    def percentiles(self, first: float = 0.0, last: float = float("inf")) -> dict[str, float]:
        """p50, p99 and the number of those sent between two times."""
        times = sorted(took for at, took in self.answers if first <= at <= last)
        if not times:
            return {"n": 0}
        return {"p50": statistics.median(times), "p99": times[min(int(len(times) * 0.99), len(times) - 1)], "n": len(times)}


def quiet(stack: Stack, merchant: str, count: int) -> Posts:
    """With nothing else to do."""
    posts = Posts()
    send(stack.url, merchant, WARM_UP, Posts(), threading.Event(), time.perf_counter())
    send(stack.url, merchant, count, posts, threading.Event(), time.perf_counter())
    return posts


def shown(stack: Stack, merchant: str, count: int) -> Posts:
    """The same, each until a plain GET has been answered with the payout. Ends the run where one is not found."""
    posts = Posts()
    send(stack.url, merchant, count, posts, threading.Event(), time.perf_counter(), read=True)
    return posts


class Beside:
    """While something else goes on: posts from entering the block to leaving it, sent by a process of their own.

    `start` is the clock that their times count from; one clock runs for all processes.
    """

    def __init__(self, stack: Stack, merchant: str) -> None:
        """Nothing is sent yet."""
        self.posts, self.start = Posts(), time.perf_counter()
        module = ("bench.poster", stack.url, merchant, str(self.start))
        self._door = Door("poster", *module, env=stack.environ, python=sys.executable, log=stack.logs / "poster.log")

    def __enter__(self) -> "Beside":
        """Begin."""
        self._door.tell("go")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End."""
        if kind is None:
            self._door.tell("end")
            self.posts.answers = [(at, took) for at, took in json.loads(self._door.answer())]
        self._door.stop()


def send(
    url: str, merchant: str, count: int, posts: Posts, ended: threading.Event, start: float, *, read: bool = False
) -> None:
    """So many, or until `ended` is set; their times count from `start`, and last until it is read back if `read`."""
    headers = {"X-Merchant-Id": merchant, "Content-Type": "application/json"}
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as client:
        for _ in range(count):
            sent = time.perf_counter()
            client.request("POST", "/api/v1/payouts/", json.dumps(BODY), headers)
            answer = client.getresponse()
            text = answer.read()
            if read and answer.status == DECIDED:
                _read_back(client, json.loads(text)["id"], headers)
            took = time.perf_counter() - sent
            posts.answers.append((sent - start, _counted(answer.status, text, took * 1000)))
            if ended.wait(max(0.0, PACE_SECONDS - took)):
                return


def _read_back(client: HTTPConnection, payout_id: str, headers: dict[str, str]) -> None:
    client.request("GET", f"/api/v1/payouts/{payout_id}", headers=headers)
    answer = client.getresponse()
    text = answer.read()
    if answer.status != SHOWN:
        raise SystemExit(f"a payout that was answered cannot be read: {answer.status}: {text[:200]!r}")


def _counted(status: int, text: bytes, took_ms: float) -> float:
    """What an answer counts as: its time, or as bad as it gets for one that is no decision. Ends the run for any other."""
    if status == DECIDED:
        return took_ms
    if status not in UNDECIDED:
        raise SystemExit(f"a post was answered {status}: {text[:200]!r}")
    return max(took_ms, 60_000.0)

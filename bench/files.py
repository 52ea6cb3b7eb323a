"""Files of every kind on their way in, and their results on the way out: rows per second, processor time, memory of ingest and gateway.

Owns the order. Rails stand still meanwhile, so that nothing is paid: what is measured is taking, checking, keeping, deciding, reading back.
"""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench import batch_run, file_kinds, product
from bench.costs import Meter
from bench.ground import Ground
from bench.memory import MemoryWatch, peaks
from bench.sizes import SIZES
from payflow.stack import Stack

Rounds = dict[str, list[dict[str, Any]]]
CREDITS = 3
LOOK_SECONDS = 0.1
TIMEOUT = 900
PIECE = 1024 * 1024
VISIBLE_SECONDS = 600.0
TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pain": "application/xml",
}
STOPPED = ("rails", "simulator")


def measure(ground: Ground) -> Rounds:
    """Each once, one after another."""
    many, some = SIZES.million, SIZES.million // 10
    folder = ground.folder / "files"
    folder.mkdir()
    with product.running(ground) as stack:
        product.open_merchants(stack, [product.HOT], times=CREDITS)
        one = _One(ground, stack)
        for name in STOPPED:
            os.kill(product.pids(stack)[name], signal.SIGSTOP)
        try:
            return _all(one, folder, many, some)
        finally:
            for name in STOPPED:
                os.kill(product.pids(stack)[name], signal.SIGCONT)


def _all(one: "_One", folder: Path, many: int, some: int) -> Rounds:
    bad = file_kinds.csv(folder / "bad.csv", many, "bad", bad=many - 1)
    found = {"CSV, the last row but one is bad": one.up(bad, many, "bad", 400)}
    good = file_kinds.csv(folder / "good.csv", many, "good")
    found["CSV in"] = one.up(good, many, "good", 201)
    found["its result, CSV"] = one.down(many, "good", "csv")
    found["its result, XLSX"] = one.down(many, "good", "xlsx")
    found["XLSX in"] = one.up(file_kinds.xlsx(folder / "good.xlsx", some, "book"), some, "book", 201)
    found["pain.001 in"] = one.up(file_kinds.pain001(folder / "good.pain", some, "pain"), some, "pain", 201)
    found["its pain.002"] = one.down(some, "pain", "pain.002")
    return {name: [result] for name, result in found.items()}


class _One:
    """One file after another through the front door of one stack."""

    def __init__(self, ground: Ground, stack: Stack) -> None:
        self._ground, self._stack = ground, stack
        self._batches: dict[str, str] = {}

    def up(self, path: Path, rows: int, tag: str, status: int) -> dict[str, Any]:
        """Send a file in; until the answer."""
        address = f"/api/v1/batches/upload/?{urlencode({'name': tag})}"
        headers = {"Content-Type": TYPES[path.suffix[1:]], "Content-Length": str(path.stat().st_size)}

        def send() -> int:
            with path.open("rb") as file:
                answered, body = self._ask("POST", address, {**headers, "Idempotency-Key": tag}, file)
            if answered != status:
                raise SystemExit(f"{tag} was answered {answered}: {body[:500]!r}")
            self._batches[tag] = json.loads(body).get("id", "")
            return path.stat().st_size

        return self._metered(rows, send)

    def down(self, rows: int, tag: str, form: str) -> dict[str, Any]:
        """Take a result out, once the views have all of it; until its last byte."""
        self._await_visible(rows, tag)

        def take() -> int:
            answered, size, last = self._take(f"/api/v1/batches/{self._batches[tag]}/result/?format={form}")
            if answered != 200:
                raise SystemExit(f"the result of {tag} was answered {answered}: {last[:500]!r}")
            return size

        return self._metered(rows, take)

    def _metered(self, rows: int, work: Callable[[], int]) -> dict[str, Any]:
        pids = product.pids(self._stack)
        watched = {name: pids[name] for name in ("ingest", "gateway")}
        with Meter(self._ground, pids) as meter, MemoryWatch(lambda: watched, LOOK_SECONDS) as memory:
            start = time.perf_counter()
            size = work()
            seconds = time.perf_counter() - start
        peak = peaks(memory.samples)
        figures = {"seconds": seconds, "rows_per_s": rows / seconds, "mib": size / 2**20}
        figures |= {f"{name}_peak_mib": mib for name, mib in peak.items()}
        return {"rows": rows, "figures": figures, "costs": meter.report(rows), "samples": [], "memory": memory.samples}

    def _connection(self) -> HTTPConnection:
        place = urlsplit(self._stack.url)
        return HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT)

    def _ask(self, method: str, address: str, headers: dict[str, str], body: Any = None) -> tuple[int, bytes]:
        with closing(self._connection()) as connection:
            connection.request(method, address, body, {"X-Merchant-Id": product.HOT, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _take(self, address: str) -> tuple[int, int, bytes]:
        with closing(self._connection()) as connection:
            connection.request("GET", address, headers={"X-Merchant-Id": product.HOT, "Payflow-Reason": "bench"})
            answer, size, last = connection.getresponse(), 0, b""
            while piece := answer.read(PIECE):
                size, last = size + len(piece), piece
            return answer.status, size, last

    def _await_visible(self, rows: int, tag: str) -> None:
        deadline = time.monotonic() + VISIBLE_SECONDS
        with batch_run.connect(self._stack) as connection:
            while connection.execute(batch_run.LOOK, (tag,)).fetchone()[0] < rows:  # type: ignore[index]
                if time.monotonic() > deadline:
                    raise SystemExit(f"{tag} never became visible")
                time.sleep(0.2)

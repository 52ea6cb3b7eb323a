"""Measures the honest rival, SQL in chunks: one worker with one merchant, and two workers with a merchant each.

Owns starting them and reading their clock.
"""

import time
from typing import Any

from bench import rival_books, rows_file
from bench.baseline import environment
from bench.costs import Meter
from bench.door import doors
from bench.ground import Ground

SCHEMA = "bench_chunked"


def measure(ground: Ground, rows: int, tag: str) -> dict[str, dict[str, Any]]:
    """Rows per second from reading the file to the last completed payout."""
    rival_books.prepare(ground.database_url, SCHEMA, ["first", "second"])
    found = one(ground, rows, f"{tag}-one", ["first"])
    ground.settle()
    return {"chunked SQL, 1 worker": found, "chunked SQL, 2 workers": one(ground, rows, f"{tag}-two", ["first", "second"])}


def one(
    ground: Ground, rows: int, tag: str, merchants: list[str], provider: tuple[str, int] | None = None
) -> dict[str, Any]:
    """A file each; `provider` is the address and process id of one that is called over HTTP."""
    share = rows // len(merchants)
    paths = {merchant: ground.folder / f"{tag}-{merchant}.csv" for merchant in merchants}
    for merchant, path in paths.items():
        path.write_bytes(rows_file.text(share, f"{tag}-{merchant}"))
    env = {**ground.environ, "BASELINE_SCHEMA": SCHEMA, "BASELINE_PROVIDER": provider[0] if provider else ""}
    counted = {"simulator": provider[1]} if provider else {}
    wanted = {f"chunked SQL {merchant}": ["bench.baseline.chunked_sql"] for merchant in merchants}
    with doors(wanted, env=env, folder=ground.folder / "chunked", python=environment.python()) as opened:
        workers = list(opened.values())
        with Meter(ground, {worker.name: worker.process.pid for worker in workers} | counted) as meter:
            start = time.perf_counter()
            for worker, (merchant, path) in zip(workers, paths.items(), strict=True):
                worker.tell(f"{path} {merchant}")
            for worker in workers:
                worker.answer("done")
            took = time.perf_counter() - start
    with rival_books.connect(ground.database_url, SCHEMA) as connection:
        rival_books.proved(connection, rival_books.counts(connection)[1])
    done = share * len(merchants)
    return {"rows": done, "figures": {"completed_rows_per_s": done / took}, "costs": meter.report(done), "samples": []}

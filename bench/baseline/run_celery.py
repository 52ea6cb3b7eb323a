"""Measures the usual stack: two Celery worker processes, Redis, the same Postgres; many merchants and a single hot one.

Owns starting it and reading its clock.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import rival_books, rows_file
from bench.baseline import environment, redis_server
from bench.costs import Meter
from bench.door import Door, doors
from bench.ground import ROOT, Ground
from deploy.local import processes

SCHEMA = "bench_celery"
WORKERS = 2
MERCHANTS = [f"m{number:03d}" for number in range(100)]
Cases = Mapping[str, list[str]]
CASES: Cases = {"many merchants": MERCHANTS, "one hot merchant": ["hot"]}


def measure(
    ground: Ground, rows: int, tag: str, cases: Cases = CASES, provider: tuple[str, int] | None = None
) -> dict[str, dict[str, Any]]:
    """Payouts per second from the first enqueued to the last completed; `provider` as in `run_chunked.one`."""
    rival_books.prepare(ground.database_url, SCHEMA, [*MERCHANTS, "hot"])
    folder = ground.folder / "celery"
    python = environment.python()
    with redis_server.running(folder) as (redis, redis_pid):
        env = {**ground.environ, "BASELINE_REDIS": redis, "BASELINE_SCHEMA": SCHEMA}
        env["BASELINE_PROVIDER"] = provider[0] if provider else ""
        worker = processes.start(_worker(python), log=folder / "worker.log", env=env, cwd=ROOT)
        try:
            with doors({"enqueue": ["bench.baseline.enqueue"]}, env=env, folder=folder, python=python) as opened:
                pids = {"celery": worker.pid, "redis": redis_pid, "enqueue": opened["enqueue"].process.pid}
                pids |= {"simulator": provider[1]} if provider else {}
                return {
                    f"celery {name}": _one(ground, opened["enqueue"], pids, rows, f"{tag}-{len(merchants)}", merchants)
                    for name, merchants in cases.items()
                }
        finally:
            processes.stop(worker)


def _worker(python: str) -> list[str]:
    options = ["--pool", "prefork", "--concurrency", str(WORKERS), "--loglevel", "warning"]
    return [python, "-m", "celery", "-A", "bench.baseline.tasks", "worker", *options]


def _one(ground: Ground, front: Door, pids: dict[str, int], rows: int, tag: str, merchants: list[str]) -> dict[str, Any]:
    path = Path(ground.folder / f"celery-{tag}.csv")
    path.write_bytes(rows_file.text(rows, tag))
    with rival_books.connect(ground.database_url, SCHEMA, autocommit=True) as connection, Meter(ground, pids) as meter:
        following = rival_books.Following(connection)
        front.tell(" ".join([str(path), *merchants]))
        enqueued = float(front.answer())
        following.until_completed(rows, front.check, pause=0.1)
    with rival_books.connect(ground.database_url, SCHEMA) as connection:
        rival_books.proved(connection, rival_books.counts(connection)[1])
    rates = {"completed_rows_per_s": rows / following.seconds_until(2, rows), "enqueued_rows_per_s": rows / enqueued}
    return {"rows": rows, "figures": rates, "costs": meter.report(rows), "samples": following.samples}

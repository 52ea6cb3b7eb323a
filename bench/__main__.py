"""`make bench` (QUICK=1 for a short one): the stages of a batch, single posts, memory, and the ratio to a raw Kafka loop.

Owns the order of the run and its report. Durability differs between the stores and is said beside the figures: Postgres fsyncs each commit,
a one-replica broker does not fsync each append.
"""

import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from bench import batch_run, raw_loop
from payflow.public_api import PublicApi
from payflow.seed import seed
from payflow.stack import Stack

QUICK = os.environ.get("QUICK") == "1"
ROWS = 20_000 if QUICK else 100_000
RUNS = 1 if QUICK else 3
POSTS = 100 if QUICK else 400
ENV = {
    "PAYOUT_CURRENCIES": "USD,EUR,GBP,RUB,INR,UGX",
    "SIMULATOR_PRESET": "perfect",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "3600",
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run, print, keep as JSON."""
    temporary = tempfile.TemporaryDirectory(prefix="payflow-bench-", ignore_cleanup_errors=True)
    with temporary as folder, Stack(Path(folder), ENV, free_ports=True) as stack:
        report = measure(stack)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    show(report)
    print(f"\nkept in {path.relative_to(Path.cwd())}")


def measure(stack: Stack) -> dict[str, object]:
    """All figures of one run, interleaved."""
    api = PublicApi(stack.url)
    seed(api, ENV["PAYOUT_CURRENCIES"].split(","), "900000000")
    api.close()
    posts = _posts(stack)
    raws, batches = [], []
    for number in range(RUNS):
        raws.append(asyncio.run(raw_loop.measure(stack.bootstrap, ROWS)) if number == 0 else asyncio.run(_raw_again(stack)))
        batches.append(batch_run.run(stack, ROWS, f"b{number}").rates())
    figures = {name: [run[name] for run in (*raws, *batches) if name in run] for name in (*raws[0], *batches[0])}
    return {
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "rows": ROWS,
        "runs": RUNS,
        "figures": figures,
        "ratio_visible_to_raw_chunks": statistics.median(figures["visible_rows_per_s"])
        / statistics.median(figures["raw_chunks_rows_per_s"]),
        "single_post_until_decided_ms": posts,
        "peak_memory_mib": _memory(stack),
    }


async def _raw_again(stack: Stack) -> dict[str, float]:
    chunk = raw_loop._record(raw_loop.CHUNK)  # noqa: SLF001
    return {"raw_chunks_rows_per_s": ROWS / await raw_loop._loop(stack.bootstrap, chunk, ROWS // raw_loop.CHUNK)}  # noqa: SLF001


def _posts(stack: Stack) -> dict[str, float]:
    """Single POSTs one after another: from sending to the decided answer, which is also in the views by then."""
    import httpx2

    body = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    times = []
    with httpx2.Client(base_url=stack.url, timeout=30) as client:
        for number in range(POSTS + 20):
            start = time.perf_counter()
            answer = client.post("/api/v1/payouts/", json=body)
            if number >= 20:
                times.append((time.perf_counter() - start) * 1000)
            if answer.status_code != 201:
                raise SystemExit(f"a post was answered {answer.status_code}: {answer.text[:200]}")
    times.sort()
    return {"p50": statistics.median(times), "p99": times[int(len(times) * 0.99) - 1], "n": len(times)}


def _memory(stack: Stack) -> dict[str, int]:
    """Peak resident memory per process (MiB), as the kernel kept it."""
    peaks = {}
    for name, child in stack.children.items():
        status = Path(f"/proc/{child.process.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            peaks[name] = int(line.split()[1]) // 1024
    return peaks


def show(report: dict[str, object]) -> None:
    """Medians with their spread."""
    print(f"\n{report['rows']} rows, {report['runs']} runs, {report['machine']}\n")
    figures = report["figures"]
    assert isinstance(figures, dict)
    for name, values in figures.items():
        print(f"{name:28} {statistics.median(values):>12,.1f}   ({min(values):,.1f} to {max(values):,.1f})")
    print(f"{'visible / raw chunks':28} {report['ratio_visible_to_raw_chunks']:>12.3f}")
    print(f"{'single POST until decided':28} {report['single_post_until_decided_ms']}")
    print(f"{'peak memory, MiB':28} {report['peak_memory_mib']}")
    print("\nPostgres fsyncs each commit; the one-replica broker does not fsync each append.")


if __name__ == "__main__":
    main()

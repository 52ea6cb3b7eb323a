"""Flame graphs of the product's processes while they take in and pay a file: where each one's processor time goes.

Owns the samplers (py-spy, one per process) and where their pictures lie. The rows' cost is told too, but sampling is in it: the
comparison says what a row costs.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import product
from bench.ground import ROOT, Ground
from bench.sizes import SIZES
from payflow.stack import Stack

SAMPLES_PER_SECOND = 200
WANTED = ("ingest", "processor", "projector", "rails", "simulator")
FOLDER = ROOT / "bench" / "results"
LIMIT_SECONDS = 600


def measure(ground: Ground) -> dict[str, list[dict[str, Any]]]:
    """One file of one merchant to warm up, one that is looked at."""
    with product.running(ground) as stack:
        product.open_merchants(stack, [product.HOT])
        product.batch(ground, stack, SIZES.rows // 10, "warm", [product.HOT])
        ground.settle()
        with _samplers(stack):
            return {"one file, sampled": [product.batch(ground, stack, SIZES.rows, "sampled", [product.HOT])]}


@contextmanager
def _samplers(stack: Stack) -> Iterator[None]:
    """One per process; they write their pictures when they are told to end."""
    sampler = shutil.which("py-spy") or str(ROOT / ".venv" / "bin" / "py-spy")
    FOLDER.mkdir(exist_ok=True)
    pids = product.pids(stack)
    running = [_sampler(sampler, pids[name], FOLDER / f"flames-{name}.svg") for name in WANTED]
    time.sleep(1)  # they attach
    try:
        yield
    finally:
        for process in running:
            process.send_signal(2)
        for process in running:
            process.wait(60)


def _sampler(sampler: str, pid: int, path: Path) -> "subprocess.Popen[bytes]":
    order = [
        sampler,
        "record",
        "--rate",
        str(SAMPLES_PER_SECOND),
        "--duration",
        str(LIMIT_SECONDS),
        "--format",
        "flamegraph",
    ]
    return subprocess.Popen([*order, "--output", str(path), "--pid", str(pid)], stdout=subprocess.DEVNULL)

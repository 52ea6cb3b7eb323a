"""Nobody decides for a while: what clients are told meanwhile, whether any process's memory grows, and how soon it goes on.

Owns the stop: all processors get SIGSTOP, so they are there and do nothing; then SIGCONT. Three kinds of clients keep asking: some wait for
decisions, some do not and send as fast as they can, one uploads files. Memory counts by its growth in the second half of the stop: in the
first half what is bounded may fill.
"""

import signal
import time
from contextlib import ExitStack
from typing import Any

from bench import askers, product, recovery
from bench.askers import Asker
from bench.costs import Meter
from bench.ground import Ground
from bench.memory import MemoryWatch, growth, growths, peaks
from bench.sizes import SIZES
from payflow.stack import Stack

Rounds = dict[str, list[dict[str, Any]]]
BEFORE_SECONDS, AFTER_SECONDS = 10.0, 20.0
PATIENT, HASTY = 8, 4
PATIENT_PACE = 0.05
UPLOAD_ROWS = 20_000
KINDS = ("patient", "hasty", "uploader")


def measure(ground: Ground) -> Rounds:
    """One stop."""
    with product.running(ground, 1) as stack:
        product.open_merchants(stack, ["uploader"], times=2)
        product.open_merchants(stack, ["patient", "hasty", product.ASKER], "USD")
        watch = MemoryWatch(lambda: {**product.pids(stack), **ground.processes()})
        with Meter(ground, product.pids(stack)) as meter, watch as memory:
            heard, times = _stop_and_go(stack, memory)
    answers = {kind: _phases(heard[kind], times) for kind in KINDS}
    asked = sum(map(len, heard.values()))
    found = {"rows": asked, "figures": figures(memory.samples, times), "costs": meter.report(asked), "samples": []}
    found |= {"memory": memory.samples, "grown_mib": growths(memory.samples, (times[0] + times[1]) / 2, times[1])}
    found |= {"answers": answers, "times": times, "sampled_peak_mib": peaks(memory.samples)}
    return {"processor stopped": [found]}


def _stop_and_go(stack: Stack, memory: MemoryWatch) -> tuple[dict[str, list[askers.Heard]], list[float]]:
    """What each kind heard, and when the stop began, when it ended, and when a POST was decided again."""
    processor, times = stack.children["processor"].process, []
    with ExitStack() as block:
        clients = {kind: [block.enter_context(one) for one in _clients(stack, kind, memory.start)] for kind in KINDS}
        time.sleep(BEFORE_SECONDS)
        processor.send_signal(signal.SIGSTOP)
        try:
            times.append(memory.now())
            time.sleep(SIZES.stopped_seconds)
        finally:
            processor.send_signal(signal.SIGCONT)
        times.append(memory.now())
        recovery.until_decided(stack, [product.ASKER])
        times.append(memory.now())
        time.sleep(AFTER_SECONDS)
    return {kind: [one for client in some for one in client.heard] for kind, some in clients.items()}, times


def _clients(stack: Stack, kind: str, start: float) -> list[Asker]:
    match kind:
        case "patient":
            return [Asker(stack, kind, start, pace=PATIENT_PACE) for _ in range(PATIENT)]
        case "hasty":
            return [Asker(stack, kind, start, wait=0) for _ in range(HASTY)]
        case _:
            return [Asker(stack, kind, start, rows=UPLOAD_ROWS)]


def _phases(heard: list[askers.Heard], times: list[float]) -> dict[str, Any]:
    return {
        name: askers.told([one for one in heard if phase_of(one, times) == name]) for name in ("before", "stopped", "after")
    }


def phase_of(one: askers.Heard, times: list[float]) -> str:
    """What was answered before the stop, what was sent before it ended, and what came after."""
    if one.at + one.took_ms / 1000 < times[0]:
        return "before"
    return "stopped" if one.at < times[1] else "after"


def figures(samples: dict[str, list[tuple[float, float]]], times: list[float]) -> dict[str, float]:
    """Seconds of the stop and until it went on; the most that any process grew, over the stop and in its second half."""
    first, last = times[0], times[1]
    whole = [growth(points, first, last) for points in samples.values()]
    late = [growth(points, (first + last) / 2, last) for points in samples.values()]
    return {
        "stopped_s": last - first,
        "decided_again_s": times[2] - last,
        "most_grown_mib": max(whole, default=0.0),
        "most_grown_in_second_half_mib": max(late, default=0.0),
    }

"""`make bench` (QUICK=1 for a few minutes): the product beside its rivals and its parts; and cases of their own.

    python -m bench                         side by side, interleaved
    python -m bench --only product,mini     some of it
    python -m bench growth                  cost per payout at three sizes of history
    python -m bench recovery                takeover, cold restart, rebuild
    python -m bench fanout|provider|million|workers|latency|pressure|webhooks|flames|ladder|files|tab
                                            see bench/cases.py
    python -m bench table                   all that a line of the table of targets asks for, one after another

Owns the order of a run, and what is kept of it: a JSON file and a plot in `bench/results/`.
"""

import argparse
import json
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import compare, growth, machine, plots, recovery, show, table
from bench.baseline import environment
from bench.cases import CASES
from bench.figures import costs, summary
from bench.ground import ROOT, Ground, ground
from bench.plot import Panel, write

RESULTS = ROOT / "bench" / "results"


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("case", nargs="?", default="compare", choices=("compare", "growth", "recovery", table.TABLE, *CASES))
    parser.add_argument("--into", type=Path, default=RESULTS, help="the folder that it is kept in")
    parser.add_argument(
        "--only",
        default="",
        help="of a comparison: product, mini, lean mini, chunked SQL, celery, same provider, raw loop, bare COPY",
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite end stops what runs
    if arguments.case == table.TABLE:
        raise SystemExit(table.run(arguments.into / f"{_stamp()}-{table.TABLE}"))
    with ground() as stand:
        facts = machine.facts(stand)
        found, lines, panels = _measure(stand, arguments.case, set(filter(None, arguments.only.split(","))))
        facts["machine"]["load_after"] = machine.load()  # type: ignore[index]
    for line in lines:
        print(line)
    print(f"load {facts['machine']['load_before']} before, {facts['machine']['load_after']} after; commit {facts['commit']}")  # type: ignore[index]
    _keep(arguments.into, arguments.case, {**facts, "case": arguments.case, **found}, panels)


def _measure(stand: Ground, case: str, only: set[str]) -> tuple[dict[str, Any], Iterable[str], list[Panel]]:
    if case == "growth":
        curves = growth.measure(stand)
        return {"curves": curves}, show.growth(curves), plots.growth(curves)
    if case == "recovery":
        found = recovery.measure(stand)
        return {"recovery": found}, [json.dumps(found, indent=1)], []
    if case in CASES:
        rounds = CASES[case].measure(stand)
        kept = {"summary": _plain(summary(rounds)), "costs": costs(rounds)}
        lines = [*show.figures(rounds), *show.cost_lines(costs(rounds)), *CASES[case].lines(rounds)]
        return {**kept, "rounds": rounds}, lines, CASES[case].panels(rounds)
    rounds = compare.measure(stand, only)
    kept = {"baseline_versions": environment.versions(), "summary": _plain(summary(rounds)), "costs": costs(rounds)}
    return {**kept, "rounds": rounds}, show.comparison(rounds), plots.comparison(rounds)


def _plain(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {case: {name: spread._asdict() for name, spread in figures.items()} for case, figures in found.items()}


def _keep(into: Path, case: str, report: dict[str, Any], panels: list[Panel]) -> None:
    into.mkdir(exist_ok=True)
    path = into / f"{_stamp()}-{case}.json"
    path.write_text(json.dumps(report, indent=1, default=float) + "\n")
    kept = [path]
    if panels:
        write(path.with_suffix(".svg"), panels)
        kept.append(path.with_suffix(".svg"))
    print("kept in", ", ".join(os.path.relpath(one, ROOT) for one in kept))


def _stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


if __name__ == "__main__":
    main()

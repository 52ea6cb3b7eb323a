"""`make bench CASE=table`: the whole table of targets from one run, each line filled by the case that measures it.

Owns the order of the cases, the sizes that leave out what no line asks for, and the table's text. Each case runs in a process with fresh
stores of its own. Must not know how a case measures.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.ground import ROOT
from bench.sizes import SIZES
from bench.table_lines import LINES, OPEN_ROWS, Line, Report

TABLE = "table"


class Part(NamedTuple):
    """A case: how it is called, and its sizes where the table asks for less than the case measures."""

    command: tuple[str, ...]
    sizes: Mapping[str, str] = {}


PARTS = {
    "compare": Part(("bench",)),
    "provider": Part(("bench", "provider")),
    "million": Part(("bench", "million"), {"MILLION_FILES": "0"}),
    "tab": Part(("bench", "tab"), {"TAB_MINUTES": "0"}),
    "fanout": Part(("bench", "fanout"), {"FANOUT": "2000:300", "FANOUT_IDLE": "0"}),
    "growth": Part(("bench", "growth"), {"FINISHED": "0", "MERCHANT_COUNTS": "10"}),
    "recovery": Part(("bench", "recovery")),
    OPEN_ROWS: Part(("bench.open_rows", str(SIZES.million), "--no-pay")),
    "workers": Part(("bench", "workers")),
}


def run(into: Path) -> int:
    """Measure every part, print the table, keep it beside what the parts have kept. Returns how many parts failed."""
    into.mkdir(parents=True)
    reports = {name: found for name, part in PARTS.items() if (found := _measure(name, part, into))}
    text = "\n".join(rows(reports))
    (into / "table.md").write_text(f"{text}\n", encoding="utf-8")
    print(f"\n{text}\nkept in {os.path.relpath(into, ROOT)}")
    return len(PARTS) - len(reports)


def _measure(name: str, part: Part, into: Path) -> Report | None:
    print(f"\n== {name}", flush=True)
    command = [sys.executable, "-m", *part.command, "--into", str(into)]
    if _ended(subprocess.Popen(command, env={**part.sizes, **os.environ}, start_new_session=True)):
        return None
    found: Report = json.loads(next(into.glob(f"*-{name}.json")).read_text(encoding="utf-8"))
    return found


def _ended(child: subprocess.Popen[bytes]) -> int:
    """How it ended; who stops the table stops it too, and waits until it has cleared away its stores."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


def rows(reports: Mapping[str, Report], lines: Iterable[Line] = LINES) -> Iterator[str]:
    """The table in Markdown; a line whose part failed says so."""
    yield "| metric | reached | first target | then | the first is |"
    yield "|---|---|---|---|---|"
    for part, target in lines:
        found = target.read(reports[part]) if part in reports else None
        said, verdict = (f"{found}", target.verdict(found)) if found else ("not measured", "not shown")
        yield f"| {target.metric} | {said} | {target.first} | {target.then} | {verdict} |"

"""The OpenAPI document is proved against the running stack: schemathesis with all checks, stateful, 0 failures (API-30).

`make schemathesis` runs this alone; SCHEMATHESIS_EXAMPLES sets how many requests each operation gets in each phase, and
SCHEMATHESIS_PHASES names some of the phases (examples, coverage, fuzzing, stateful), for a machine that has not the time for all at once.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import httpx2

from payflow.stack import Stack
from tests.e2e.schemathesis_hooks import BEYOND_THE_DOOR, ELSEWHERE

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "25")
PHASES = os.environ.get("SCHEMATHESIS_PHASES", "")
SECONDS = 900
TAKEN = range(200, 300)
REFUSED_PERCENT_MAX = 20
"""Operations on things that only an earlier answer names are reached by luck; which ones were not is printed. Each has a test of its own."""


def test_api_30_schemathesis_finds_no_failure(stack: Stack, tmp_path: Path) -> None:
    seen = tmp_path / "seen.txt"
    env = {**os.environ, "PAYFLOW_SEEN": str(seen), "PAYFLOW_URL": stack.url, "PYTHONPATH": str(HERE.parents[1])}
    ask = [str(Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"), "run"]
    ask += [f"{stack.url}/api/schema/", "-c", "all", "--max-examples", EXAMPLES, "--continue-on-failure"]
    ask += ["--phases", PHASES] if PHASES else []
    done = subprocess.run(ask, env=env, cwd=HERE.parents[1], capture_output=True, text=True, timeout=SECONDS)
    sys.stdout.write(done.stdout[done.stdout.find("= SUMMARY =") :])
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2000:]
    if not PHASES:
        _each_was_taken(seen.read_text(), httpx2.get(f"{stack.url}/api/schema/").json())


def _each_was_taken(seen: str, document: dict[str, dict[str, dict[str, dict[str, str]]]]) -> None:
    """A document whose requests were all refused would pass too: operations must have been accepted at least once."""
    statuses: dict[str, set[int]] = defaultdict(set)
    for name, status in re.findall(r"^(\S+) (\d+)$", seen, re.MULTILINE):
        statuses[name].add(int(status))
    left_out = ELSEWHERE | (BEYOND_THE_DOOR if os.environ.get("PAYFLOW_DOOR") == "memory" else set())
    operations = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if not left_out & set(operation["tags"])
    } - ({"reveal_payee"} if os.environ.get("PAYFLOW_DOOR") == "memory" else set())
    refused = {name for name in operations if not statuses[name] & set(TAKEN)}
    sys.stdout.write(f"never accepted: {sorted(refused) or 'none'}\n")
    assert len(refused) <= len(operations) * REFUSED_PERCENT_MAX // 100, f"never accepted: {sorted(refused)}"
    assert not any(status >= 500 for found in statuses.values() for status in found)

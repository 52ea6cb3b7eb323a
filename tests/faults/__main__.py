"""`python -m tests.faults [--level ci|nightly] [--seed N]`: run, dump, judge. Exit code 0 only if every verdict holds.

Owns the command and what it prints. The evidence stays in the folder that it names.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from tests.faults import upstream_dump
from tests.faults.levels import LEVELS
from tests.faults.resume import measure
from tests.faults.run import Run

REBUILT = "payflow_rebuild"


def main() -> None:
    """Run it."""
    asked = _arguments()
    level, seed = LEVELS[asked.level], asked.seed if asked.seed is not None else time.time_ns() % 1_000_000
    folder: Path = asked.folder or Path(".payflow/faults") / f"{level.name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"faults: level {level.name}, seed {seed}, commit {_commit()}, evidence in {folder}", flush=True)
    run = Run(folder.resolve(), level, seed, _commit())
    run.say = _say
    told, judged = uvloop.run(_play(run))
    _print(told)
    _print_resume(measure(folder))
    if told["insufficient"]:
        print("insufficient: this run did not do what its level promises")
    passed = judged == 0 and not told["insufficient"] and not told["crashes"] and not _slow_to_end(folder)
    print(f"faults: {'passed' if passed else 'FAILED'} (level {level.name}, seed {seed}, commit {told['commit']})")
    raise SystemExit(0 if passed else 1)


async def _play(run: Run) -> tuple[dict[str, Any], int]:
    try:
        told = await run.play()
        await asyncio.to_thread(_dump, run)
    finally:
        await run.stop()
    judge = await asyncio.to_thread(subprocess.run, [sys.executable, "-m", "checker", "judge", str(run.folder)], check=False)
    return told, judge.returncode


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}", flush=True)


def _dump(run: Run) -> None:
    """Rebuild the views beside the live ones, then let the checker read everything by its own clients."""
    env = run.cluster.direct_env()
    log = (run.folder / "rebuild.txt").open("w")
    subprocess.run([sys.executable, "-m", "payflow", "rebuild", "--keep"], env=env, stdout=log, stderr=log, check=False)
    cluster = run.cluster
    command = [sys.executable, "-m", "checker", "dump", str(run.folder), "--bootstrap", cluster.kafka.bootstrap]
    command += ["--database-url", cluster.postgres.url, "--schema", "payflow", "--rebuilt-schema", REBUILT]
    command += ["--books", str(cluster.folder / "simulator" / "books.sqlite")]
    subprocess.run(command, check=True)
    upstream_dump.write(cluster.kafka.bootstrap, run.folder)


def _slow_to_end(folder: Path) -> bool:
    path = folder / "faults.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    slow = [line["target"] for line in lines if line["detail"].get("violation")]
    if slow:
        print(f"these did not end within 10 s of SIGTERM: {', '.join(slow)}")
    return bool(slow)


def _print(told: dict[str, Any]) -> None:
    print(f"payouts asked for: {told['payouts_asked']:,}; faults: {sum(told['faults'].values())}")
    for name, count in sorted(told["faults"].items()):
        print(f"  {name:<20} {count}")
    print(f"kill points hit: {sum(told['kill_points'].values())} ({len(told['kill_points'])} names)")
    took = None if told["quiet_ms"] is None else (told["quiet_ms"] - told["last_fault_ms"]) / 1000
    print(f"quiet after the last fault: {'NOT' if took is None else f'{took:.1f} s'}")
    print(f"starts refused while something was away: {told['refused_starts']}")
    for name, count in told["owed"].items():
        print(f"  OWED: {name} {count}")
    for name, states in told["not_met"].items():
        print(f"  NOT MET: {name} met no payout in {', '.join(states)}")
    for crash in told["crashes"]:
        print(f"  died by itself: {crash}")


def _print_resume(told: dict[str, Any]) -> None:
    for which, found in told.items():
        if found["kills"]:
            print(
                f"decisions again after {found['kills']} processor kills ({which}): p50 {found['p50']} s, p95 {found['p95']} s, max {found['max']} s"
            )


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--level", choices=LEVELS, default="ci")
    parser.add_argument("--seed", type=int, help="the same seed draws the same faults in the same order")
    parser.add_argument("--folder", type=Path, help="where the evidence goes (default: below .payflow/faults)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

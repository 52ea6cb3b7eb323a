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

from tests.faults import resume, upstream_dump
from tests.faults.levels import LEVELS
from tests.faults.run import Run
from tests.support import passed as passes

REBUILT = "payflow_rebuild"


def main() -> None:
    """Run it."""
    asked = _arguments()
    level, seed = LEVELS[asked.level], asked.seed if asked.seed is not None else time.time_ns() % 1_000_000
    folder: Path = asked.folder or Path(".payflow/faults") / f"{level.name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"faults: level {level.name}, seed {seed}, commit {_commit()}, evidence in {folder}", flush=True)
    tree, run = passes.tree(), Run(folder.resolve(), level, seed, _commit())
    run.say = _say
    told, judged = uvloop.run(_play(run))
    _print(told)
    _print_resume(told["resume"])
    if told["owed"] or told["not_met"]:
        print("insufficient: this run did not do what its level promises")
    passed = judged == 0 and not told["owed"] and not told["not_met"] and not told["crashes"]
    print(f"faults: {'passed' if passed else 'FAILED'} (level {level.name}, seed {seed}, commit {told['commit']})")
    if not passed:
        raise SystemExit(1)
    passes.note("faults", tree, {"level": level.name, "seed": seed})


async def _play(run: Run) -> tuple[dict[str, Any], int]:
    try:
        told = await run.play()
        await asyncio.to_thread(_dump, run)
        _add_resume(run, told)
    finally:
        await run.stop()
    judge = await asyncio.to_thread(subprocess.run, [sys.executable, "-m", "checker", "judge", str(run.folder)], check=False)
    return told, judge.returncode


def _add_resume(run: Run, told: dict[str, Any]) -> None:
    """Measured from the dump, and in run.json before the checker judges."""
    told["resume"] = resume.measure(run.folder)
    told["not_met"] += resume.broken(told["resume"], run.level.resume_kills)
    (run.folder / "run.json").write_text(json.dumps(told, indent=1))


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


def _print(told: dict[str, Any]) -> None:
    under = told["asked_under_faults"]
    print(
        f"payouts asked for: {told['payouts_asked']:,}, of them {under:,} while faults went on; faults: {sum(told['faults'].values())}"
    )
    for name, count in sorted(told["faults"].items()):
        print(f"  {name:<20} {count}")
    print(f"kill points hit: {sum(told['kill_points'].values())} ({len(told['kill_points'])} names)")
    print("the provider's own faults: " + ", ".join(f"{kind} {count}" for kind, count in told["provider_faults"].items()))
    _print_quiet(told)
    print(f"starts refused while something was away: {told['refused_starts']}")
    for name, count in told["owed"].items():
        print(f"  OWED: {name} {count}")
    for text in told["not_met"]:
        print(f"  NOT MET: {text}")
    for crash in told["crashes"]:
        print(f"  died by itself: {crash}")


def _print_quiet(told: dict[str, Any]) -> None:
    if told["quiet_ms"] is None:
        print("quiet after the last fault: NOT")
        return
    fault, request = ((told["quiet_ms"] - told[name]) / 1000 for name in ("last_fault_ms", "last_request_ms"))
    print(f"quiet {fault:.1f} s after the last fault, {request:.1f} s after the last request")


def _print_resume(told: dict[str, Any]) -> None:
    names = {"all": "all", "alone": "nothing else broken"}
    for which, words in names.items():
        found = told[which]
        times = f"p50 {found['p50']} s, p95 {found['p95']} s, max {found['max']} s" if found["kills"] else "not measured"
        print(f"decisions again after {found['kills']} processor kills ({words}): {times}")
    print(f"processor kills around which nothing was asked, left out: {told['all']['without_commands']}")


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

"""Copies of the tree, one per bug, so that no bug ever touches the product.

Owns taking the tree as it stands (committed or not), applying a patch, and the proof that a run in the copy imports the copy's packages and
not the installed ones. Must not run a level.
"""

import compileall
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.planted.patches import Planted
from tests.support import passed

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "domain", "runtime", "services", "payflow", "deploy", "checker", "tests")
CHECK_SECONDS = 120


class CopyError(Exception):
    """The patch does not apply, or the copy cannot be run as it should be; `str(error)` says why in a line."""


def take(target: Path) -> Path:
    """The tree as it stands now, without what git ignores, and compiled: each copy would compile it again, in all its processes."""
    for name in passed.files(ROOT):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    for package in PACKAGES:
        compileall.compile_dir(target / package, quiet=2, workers=2)
    return target


def digest(snapshot: Path) -> str:
    """The snapshot's own, as passed.tree() gives it for the tree that it was taken of."""
    names = [
        path.relative_to(snapshot) for path in snapshot.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    return passed.digest(snapshot, sorted(map(str, names)))


def copy_with(snapshot: Path, target: Path, bug: Planted | None) -> Path:
    """A copy of the snapshot with one bug in it (None: without), ready to run. Raises CopyError."""
    shutil.copytree(snapshot, target)
    if bug is not None:
        apply(bug, target)
    prove(target, bug.modules if bug is not None else [])
    return target


def apply(bug: Planted, tree: Path, *, only_check: bool = False) -> None:
    """Apply the patch to a tree. Raises CopyError."""
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "apply", *(["--check"] if only_check else []), str(bug.path)]
    before = {file: (tree / file).read_bytes() for file in bug.files if (tree / file).is_file()}
    done = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise CopyError(f"does not apply: {_last_line(done.stderr)}")
    if not only_check and any((tree / file).read_bytes() == content for file, content in before.items()):
        raise CopyError("git applied the patch and a file did not change")
    for file in () if only_check else bug.files:
        Path(importlib.util.cache_from_source(str(tree / file))).unlink(missing_ok=True)


def environment(tree: Path) -> dict[str, str]:
    """What a run in this copy is told: its own packages come before the installed ones, in all processes that it starts."""
    return {**os.environ, "PYTHONPATH": str(tree)}


def prove(tree: Path, modules: list[str]) -> None:
    """Raise CopyError unless all packages and the changed modules are imported from the copy, without error."""
    told = "import importlib, sys; [print(importlib.import_module(name).__file__) for name in sys.argv[1:]]"
    done = subprocess.run(
        [sys.executable, "-c", told, *PACKAGES, *modules],
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
    )
    if done.returncode:
        raise CopyError(f"cannot be imported: {_last_line(done.stderr)}")
    for file in done.stdout.split():
        if not Path(file).resolve().is_relative_to(tree.resolve()):
            raise CopyError(f"a run in the copy would import {file}")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["without a word"])[-1][:300]

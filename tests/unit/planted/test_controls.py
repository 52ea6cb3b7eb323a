"""A control that passed before counts for the very same tree, and for nothing less than was asked for."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.faults.levels import CI, NIGHTLY, PLANTED, RESUME, SMOKE
from tests.planted import controls, copies
from tests.support import passed

SIMULATION, FAULTS = controls.SIMULATION_COMMAND, controls.FAULTS_COMMAND


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small work tree with a file that is not committed, and one that git ignores."""
    root = tmp_path / "tree"
    (root / "domain").mkdir(parents=True)
    (root / "domain" / "keys.py").write_text("KEY = 1\n")
    (root / ".gitignore").write_text("__pycache__/\n.payflow/\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", ".gitignore"], cwd=root, check=True)
    (root / ".payflow").mkdir()
    (root / ".payflow" / "log").write_text("of yesterday\n")
    monkeypatch.setattr(copies, "ROOT", root)
    return root


def asked(root: Path, command: str, seeds: str = "1..300") -> str:
    tree = passed.tree(root)
    assert tree is not None
    found: list[dict[str, Any]] = [one for kind in ("simulation", "faults") for one in passed.noted(kind, tree, root)]
    return " ".join(controls.fits(command, seeds, found))


def test_a_snapshot_and_the_tree_that_it_was_taken_of_have_one_digest(root: Path, tmp_path: Path) -> None:
    assert copies.digest(copies.take(tmp_path / "snapshot")) == passed.tree(root)
    assert list((tmp_path / "snapshot" / "domain").rglob("*.pyc")), "compiled once, for all copies"
    assert passed.tree(tmp_path / "snapshot") is None, "nothing is ever noted for a copy"


def test_what_passed_counts_until_a_byte_of_the_tree_changes(root: Path) -> None:
    passed.note("simulation", passed.tree(root), {"mode": "both", "seeds": "1..2000"}, root)
    assert "seeds 1..2000 passed on this very tree" in asked(root, SIMULATION)
    (root / "domain" / "keys.py").write_text("KEY = 2\n")
    assert asked(root, SIMULATION) == ""
    (root / "domain" / "keys.py").write_text("KEY = 1\n")
    (root / "domain" / "more.py").write_text("")
    assert asked(root, SIMULATION) == "", "a new file is another tree"


def test_what_passed_while_the_tree_changed_is_not_noted(root: Path) -> None:
    before = passed.tree(root)
    (root / "domain" / "keys.py").write_text("KEY = 2\n")
    passed.note("faults", before, {"level": "ci", "seed": 11}, root)
    assert asked(root, FAULTS) == ""


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({"mode": "both", "seeds": "1..300"}, True),
        ({"mode": "both", "seeds": "2..2000"}, False),
        ({"mode": "both", "seeds": "1..299"}, False),
        ({"mode": "safety", "seeds": "1..2000"}, False),
    ],
)
def test_of_the_simulation_all_seeds_must_have_passed(root: Path, told: dict[str, Any], counts: bool) -> None:
    passed.note("simulation", passed.tree(root), told, root)
    assert bool(asked(root, SIMULATION)) == counts
    assert asked(root, SIMULATION + " --mode safety") == "", "another command has a control of its own"
    assert asked(root, FAULTS) == ""


@pytest.mark.parametrize(
    ("level", "seed", "counts"), [("planted", 7, True), ("planted", 8, True), ("ci", 11, True), ("smoke", 7, False)]
)
def test_of_the_faults_no_lesser_level_counts(root: Path, level: str, seed: int, counts: bool) -> None:
    passed.note("faults", passed.tree(root), {"level": level, "seed": seed}, root)
    assert bool(asked(root, FAULTS)) == counts
    assert asked(root, SIMULATION) == ""


def test_a_level_covers_another_that_breaks_nothing_else_and_has_no_less_load_and_time() -> None:
    assert controls.covers(CI, PLANTED)
    assert controls.covers(PLANTED, PLANTED)
    assert not controls.covers(PLANTED, CI)
    assert not controls.covers(SMOKE, PLANTED)
    assert not controls.covers(RESUME, PLANTED)
    assert not controls.covers(NIGHTLY, PLANTED), "it may be quiet later"

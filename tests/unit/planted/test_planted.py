"""The planted bugs stay what they are: 24 patches that apply, and a runner that is not fooled."""

from pathlib import Path

import pytest

from tests.planted import copies, patches, trials
from tests.planted.copies import CopyError
from tests.planted.patches import Planted
from tests.planted.trials import Level

ALL = patches.read_all()


@pytest.mark.parametrize("bug", ALL, ids=str)
def test_each_bug_applies_to_the_product_as_it_is(bug: Planted) -> None:
    """A patch that does not apply any more is mended with the change that broke it."""
    copies.apply(bug, copies.ROOT, only_check=True)
    product = {"domain", "schemas", "runtime", "services"}
    assert {Path(file).parts[0] for file in bug.files} <= product


def test_the_rotation_takes_each_bug_once() -> None:
    turns = [patches.chosen(ALL, None, f"{turn}/3") for turn in (1, 2, 3)]
    assert sorted(bug.number for turn in turns for bug in turn) == list(range(1, 25))
    assert {len(turn) for turn in turns} == {8}


def test_a_patch_that_does_not_apply_is_told(tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain/keys.py").write_text("something else\n")
    with pytest.raises(CopyError, match="does not apply"):
        copies.apply(next(bug for bug in ALL if bug.files == ["domain/keys.py"]), tmp_path)


def test_a_copy_that_would_run_the_installed_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CopyError, match=r"would import|cannot be imported"):
        copies.prove(tmp_path, [])


def _run(tmp_path: Path, program: str, seconds: float = 20) -> trials.Outcome:
    (tmp_path / "level.py").write_text(program)
    return trials.run(Level("simulation", "level.py", seconds, trials.slices("1..25")), tmp_path, tmp_path / "log")


JUDGED = "print('I5     path   9   0  holds')\nprint('I6     paid once    7   1  {}')\nprint('         p1: paid twice')\n"
VIOLATED = "print('seed 12: VIOLATED · hash x')\nprint('  ledger: held is 1, not 2')\n"


@pytest.mark.parametrize(
    ("program", "verdict", "evidence"),
    [
        ("print('nothing violated')", "passed", "nothing violated"),
        (VIOLATED + "raise SystemExit(1)", "caught", "seed 12: VIOLATED: ledger: held is 1, not 2"),
        (JUDGED.format("violated") + "raise SystemExit(1)", "caught", "I6 paid once 7 1 violated: p1: paid twice"),
        ("violations = []\nraise KeyError('violated')", "broken", "exit 1, --seeds 1..10: KeyError: 'violated'"),
        (VIOLATED, "passed", "ledger: held is 1, not 2"),
        ("import time\ntime.sleep(60)", "endless", "--seeds 1..10 not done after 1 s"),
    ],
    ids=["fine", "a violation", "a verdict", "a crash", "words without an exit code", "no end"],
)
def test_only_a_named_violation_counts_as_caught(tmp_path: Path, program: str, verdict: str, evidence: str) -> None:
    outcome = _run(tmp_path, program, 1 if "sleep" in program else 20)
    assert (outcome.verdict, outcome.evidence) == (verdict, evidence)


def test_seeds_come_in_slices_that_grow_and_a_violation_ends_them(tmp_path: Path) -> None:
    assert trials.slices("1..25") == ["--seeds 1..10", "--seeds 11..25"]
    told = (
        "import sys\nprint(sys.argv[2])\nif sys.argv[2] != '1..10':\n    "
        + VIOLATED.replace("\n", "\n    ")
        + "raise SystemExit(1)\n"
    )
    assert _run(tmp_path, told).caught
    assert (tmp_path / "log").read_text().splitlines()[:2] == ["1..10", "11..25"]

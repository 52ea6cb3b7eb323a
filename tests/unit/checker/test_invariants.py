"""The checker on a run that is right, and on the same run bent in every way that an invariant must see."""

import copy
import json
from pathlib import Path

import pytest

from checker.__main__ import main
from checker.evidence import Evidence, Memory
from checker.judging import TITLES, judge
from checker.verdict import HOLDS, UNKNOWN, VIOLATED, Verdict
from tests.unit.checker.bends import BENDS, NEEDED, UNTOLD
from tests.unit.checker.bends.places import Bend
from tests.unit.checker.chapters import tell
from tests.unit.checker.story import Files

pytestmark = pytest.mark.unit

STORY = tell()


def judged(files: Files) -> dict[str, Verdict]:
    return judge(Evidence(Memory(files)))


def test_a_right_run_holds_in_every_respect() -> None:
    verdicts = judged(STORY)
    assert {name: (verdict.verdict, verdict.first) for name, verdict in verdicts.items()} == dict.fromkeys(
        TITLES, (HOLDS, None)
    )
    assert all(verdict.checked > 0 for verdict in verdicts.values())


@pytest.mark.parametrize(("name", "what", "bend"), BENDS, ids=[f"{name}: {what}" for name, what, _ in BENDS])
def test_a_bent_run_is_seen(name: str, what: str, bend: Bend) -> None:
    files = copy.deepcopy(STORY)
    bend(files)
    assert json.dumps(files) != json.dumps(STORY), what
    verdict = judged(files)[name]
    assert verdict.verdict == VIOLATED
    assert verdict.first
    assert verdict.violations > 0


def test_every_invariant_is_bent_at_least_twice() -> None:
    for name in TITLES:
        assert sum(bent == name for bent, _, _ in BENDS) >= 2, name


@pytest.mark.parametrize(("name", "file"), NEEDED)
def test_missing_evidence_is_unknown(name: str, file: str) -> None:
    files = {key: rows for key, rows in STORY.items() if key != file}
    assert judged(files)[name].verdict == UNKNOWN


@pytest.mark.parametrize(("name", "what", "bend"), UNTOLD, ids=[f"{name}: {what}" for name, what, _ in UNTOLD])
def test_what_a_file_does_not_tell_is_unknown(name: str, what: str, bend: Bend) -> None:
    files = copy.deepcopy(STORY)
    bend(files)
    assert judged(files)[name].verdict == UNKNOWN, what


def test_no_evidence_holds_nothing() -> None:
    assert {verdict.verdict for verdict in judged({}).values()} == {UNKNOWN}


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [content] if isinstance(content, dict) else content
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_command_writes_its_verdict_and_says_so_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, STORY)
    assert main(["judge", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "verdict.json").read_text())
    assert written["ok"] is True
    assert written["verdicts"]["I6"] == {
        "verdict": "holds",
        "checked": written["verdicts"]["I6"]["checked"],
        "first": None,
        "violations": 0,
    }
    assert "19 invariants, 0 violated or unknown" in capsys.readouterr().out


def test_one_unknown_fails_the_run(tmp_path: Path) -> None:
    write(tmp_path, {name: rows for name, rows in STORY.items() if name != "books.jsonl"})
    assert main(["judge", str(tmp_path)]) == 1
    assert json.loads((tmp_path / "verdict.json").read_text())["ok"] is False


def test_a_cut_line_of_evidence_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, STORY)
    path = tmp_path / "events.committed.jsonl"
    path.write_text(path.read_text()[:-40])
    assert main(["judge", str(tmp_path)]) == 1
    assert json.loads((tmp_path / "verdict.json").read_text())["verdicts"]["I14"]["verdict"] == VIOLATED

"""`payflow dev --fresh` leaves no folder behind, except for the log that a refusal points to."""

import contextlib
import tempfile
from pathlib import Path

import pytest

from payflow import dev
from runtime.settings import RefusedStartError


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("end", [None, KeyboardInterrupt(), RefusedStartError("port 8000 is taken")])
def test_a_fresh_folder_is_gone_at_the_end(temporary: Path, end: BaseException | None) -> None:
    with contextlib.suppress(KeyboardInterrupt, RefusedStartError), dev._folder(fresh=True) as folder:
        assert folder.parent == temporary
        (folder / "kafka").mkdir()
        (folder / "kafka" / "log").touch()
        if end is not None:
            raise end
    assert list(temporary.iterdir()) == []


def test_a_log_that_the_refusal_points_to_stays(temporary: Path) -> None:
    with pytest.raises(RefusedStartError), dev._folder(fresh=True) as folder:
        raise RefusedStartError(f"Kafka ended while starting: see {folder}/kafka/kafka.log")
    assert len(list(temporary.iterdir())) == 1


def test_the_usual_folder_is_kept(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = temporary / "state"
    state.mkdir()
    monkeypatch.setenv("PAYFLOW_STATE_DIR", str(state))
    with dev._folder(fresh=False) as folder:
        assert folder == state
    assert state.exists()

"""Two processes that need Kafka's jars at once: one fetches, the other says that it waits."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import kafka_files

pytestmark = pytest.mark.unit
HOLD = (
    "import sys; from deploy.local import kafka_files\nwith kafka_files._alone(): print('in', flush=True); sys.stdin.read()"
)


def test_who_waits_says_so_once_and_the_lock_is_in_the_users_own_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with kafka_files._alone():
        pass
    assert capfd.readouterr().err == "", "who is alone says nothing"
    assert [path.name for path in (tmp_path / "cache").rglob("*.lock")] == ["jars.lock"]
    assert (tmp_path / "cache" / "payflow").stat().st_mode & 0o077 == 0, "nobody else can put a link there"
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    waiter = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert waiter.stderr is not None
    assert "waiting for it" in waiter.stderr.readline()
    holder.communicate("")
    assert waiter.communicate("", timeout=30)[1] == ""
    assert waiter.returncode == 0

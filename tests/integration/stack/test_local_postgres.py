"""The local Postgres starts wherever it is asked to: deep folders, after an interrupted first start, as root without namespaces."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local import ownership
from deploy.local.postgres import LocalPostgres, PostgresUnavailableError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
PARENT = """
import sys, time
from pathlib import Path
from deploy.local import ownership
from deploy.local.postgres import LocalPostgres
ownership.NAMESPACE = ("false",)
server = LocalPostgres(Path(sys.argv[1])).start()
print(server.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder of the caller's alone, as mkdtemp makes it."""
    with tempfile.TemporaryDirectory(prefix="payflow-test-", ignore_cleanup_errors=True) as name:
        assert Path(name).stat().st_mode & 0o777 == 0o700
        yield Path(name)


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a container with default rights: `unshare --user` is refused."""
    monkeypatch.setattr(ownership, "NAMESPACE", ("false",))
    ownership.as_ordinary_user.cache_clear()
    yield
    ownership.as_ordinary_user.cache_clear()


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]


def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "postgres"
    with LocalPostgres(deep) as server:
        assert one(server.url, "SELECT current_setting('unix_socket_directories')") == ""


def test_a_first_start_cut_before_the_database_was_made_is_finished_by_the_next(tmp_path: Path) -> None:
    first = LocalPostgres(tmp_path / "postgres")
    first.launch()
    first._await_ready()
    first.stop()
    with LocalPostgres(tmp_path / "postgres") as second:
        assert one(second.url, "SELECT current_database()") == "payflow"


def test_a_first_start_cut_while_the_files_were_made_is_done_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with LocalPostgres(tmp_path / "postgres") as server:
        assert one(server.url, "SELECT 1") == 1
    assert not half.exists()


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with LocalPostgres(tmp_path) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with LocalPostgres(tmp_path) as server:
        assert one(server.url, "SELECT n FROM kept") == 7


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter").write_text("dear")
    with pytest.raises(PostgresUnavailableError, match="no data folder of Postgres"):
        LocalPostgres(tmp_path).start()
    assert (tmp_path / "data" / "letter").read_text() == "dear"


@as_root
@pytest.mark.usefixtures("no_namespaces")
def test_root_without_namespaces_starts_it_in_a_folder_of_its_own(closed_folder: Path) -> None:
    assert ownership.as_ordinary_user() == ownership.PAST_FOLDERS
    with LocalPostgres(closed_folder / "postgres") as server:
        assert one(server.url, "SELECT current_database()") == "payflow"
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}").stat().st_uid == ownership.NOBODY


@as_root
def test_files_of_one_way_of_starting_are_usable_by_the_other(closed_folder: Path, request: pytest.FixtureRequest) -> None:
    if ownership.as_ordinary_user() != ownership.NAMESPACE:
        pytest.skip("no user namespaces here")
    with LocalPostgres(closed_folder):
        pass
    request.getfixturevalue("no_namespaces")
    with LocalPostgres(closed_folder) as server:
        assert one(server.url, "SELECT 1") == 1


@as_root
@pytest.mark.usefixtures("no_namespaces")
def test_without_the_capability_a_closed_folder_is_refused_in_one_line(
    closed_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "PAST_FOLDERS", ("false",))
    with pytest.raises(PostgresUnavailableError, match=r"may not enter .*DATABASE_URL") as refusal:
        LocalPostgres(closed_folder / "postgres").start()
    assert "\n" not in str(refusal.value)
    closed_folder.chmod(0o711)
    with LocalPostgres(closed_folder / "postgres") as server:
        assert one(server.url, "SELECT 1") == 1


@as_root
@pytest.mark.usefixtures("no_namespaces")
def test_where_root_can_become_nobody_at_all_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "PAST_FOLDERS", ("false",))
    monkeypatch.setattr(ownership, "AS_NOBODY", ("false",))
    with pytest.raises(PostgresUnavailableError, match="call it as another user, or set DATABASE_URL"):
        LocalPostgres(tmp_path).start()


@as_root
def test_a_server_of_another_user_ends_with_its_parent_too(closed_folder: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(closed_folder / "postgres")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while _lives(server):
        assert time.monotonic() < deadline, "it outlived its parent"
        time.sleep(0.1)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False

"""Ports for servers that start in a moment: of those that nobody is given meanwhile."""

import socket
from pathlib import Path

import pytest

from deploy.local import processes

linux = pytest.mark.skipif(not processes._OUTGOING.exists(), reason="only Linux says which ports connections get")


@linux
def test_a_free_port_is_none_that_an_outgoing_connection_may_get() -> None:
    first_outgoing = int(processes._OUTGOING.read_text().split()[0])
    ports = [processes.free_port() for _ in range(50)]
    assert len(set(ports)) == 50, "and none is given twice"
    assert all(first_outgoing - processes._PORTS <= port < first_outgoing for port in ports)


@linux
def test_a_port_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", processes.free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(processes, "_STEP", 0)
        monkeypatch.setattr(processes, "_asked", iter([port - processes._first_port(), port - processes._first_port() + 1]))
        assert processes.free_port() == port + 1


@pytest.mark.parametrize("told", [None, "nonsense", "1024 65535"])
def test_where_they_are_not_known_the_kernel_chooses(
    told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told is not None:
        (tmp_path / "range").write_text(told)
    monkeypatch.setattr(processes, "_OUTGOING", tmp_path / "range")
    assert processes.free_port() > 0

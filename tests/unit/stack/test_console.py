"""`payflow dev` serves the console if it is built, and says how to build it if not (RUN-02, issue 7)."""

import socket
from pathlib import Path

import pytest

from payflow.dev import banner
from payflow.stack import Stack
from runtime.settings import RefusedStartError


def stack_of(tmp_path: Path, said: list[str], dist: Path, *, console: bool = True) -> Stack:
    given = {
        "CONSOLE_DIST": str(dist),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "DATABASE_URL": "postgresql://127.0.0.1:1/x",
    }
    return Stack(tmp_path, given, free_ports=True, say=said.append, console=console)


def test_a_console_that_is_not_built_is_said_with_its_remedy_and_the_rest_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    stack = stack_of(tmp_path, said, tmp_path / "nothing")
    stack._look_for_console()
    assert not stack.console
    assert "cd console && npm ci && npm run build" in said[0]
    assert not [line for line in banner(stack) if line.startswith("console")]


def test_a_built_console_is_served_and_its_address_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "index.html").write_text("page")
    stack = stack_of(tmp_path, said, tmp_path)
    stack._look_for_console()
    assert (stack.console, said) == (True, [])
    assert f"console: http://localhost:{stack.environ['CONSOLE_PORT']}/" in banner(stack)
    assert stack.environ["GATEWAY_URL"] == stack.url


def test_the_consoles_port_matters_only_where_it_is_served(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for console in (False, True):
            stack = stack_of(tmp_path, [], tmp_path, console=console)
            stack.environ["CONSOLE_PORT"] = str(taken.getsockname()[1])
            if console:
                with pytest.raises(RefusedStartError, match="CONSOLE_PORT"):
                    stack._check_ports()
            else:
                stack._check_ports()

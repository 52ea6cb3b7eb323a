"""Starting a child process that never outlives its parent.

Owns the parent-death signal, process groups and the polite end (TERM, then KILL), and ports to listen on. Must not know what runs.
"""

import contextlib
import ctypes
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PORTS = 12_000
_STEP = 1009
"""Between where two processes with neighbouring ids begin to look for ports: they seldom meet."""
_asked = itertools.count()


def start(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, its output appended to `log`; it gets SIGTERM when its parent dies (Linux)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  it only makes one system call
        )


def stop(process: subprocess.Popen[bytes], *, seconds: float = STOP_SECONDS) -> None:
    """TERM to the whole group, KILL after `seconds`. A process that has ended already is no error."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        process.wait()
    _signal_group(process, signal.SIGKILL)


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now, and nobody is likely to before the caller does.

    It lies below those that outgoing connections are given (Linux): one of them could take it while a broker takes its seconds to start.
    No two calls in a process give the same one before thousands were given, and processes begin at different places.
    """
    first = _first_port()
    for _ in range(_PORTS if first else 0):
        port = first + (os.getpid() * _STEP + next(_asked)) % _PORTS
        if _bind(port):
            return port
    return _bind(0)


def is_free(port: int) -> bool:
    """Whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _first_port() -> int:
    """Of those below the outgoing ones; 0 where that is not known, or too few are left."""
    with contextlib.suppress(OSError, ValueError):
        first = int(_OUTGOING.read_text().split()[0]) - _PORTS
        return first if first > 10_000 else 0
    return 0


def _bind(port: int) -> int:
    """The port, or one that the kernel chooses for 0; 0 if it is taken."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return int(probe.getsockname()[1])
    return 0


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

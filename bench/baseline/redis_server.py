"""A Redis server for the usual stack, with its append-only log fsynced once a second.

Owns starting and stopping it. Must not know what is queued.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.baseline import environment
from deploy.local import processes


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, int]]:
    """(its URL, its process id)."""
    folder.mkdir(parents=True, exist_ok=True)
    port = processes.free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "yes"]
    command = [environment.redis_server(), *options, "--appendfsync", "everysec"]
    server = processes.start(command, log=folder / "redis.log")
    try:
        _await(server, port, folder / "redis.log")
        yield f"redis://127.0.0.1:{port}/0", server.pid
    finally:
        processes.stop(server)


def _await(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(200):
        if not processes.is_free(port):
            return
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"Redis did not start: see {log}")

"""`payflow dev` on stores of its own: what dies is said and started again, and nothing is left behind at the end."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest
from websockets.sync.client import connect

from deploy.local import processes
from payflow.stack import METRICS, PORTS
from payflow.stores import DATABASE_PARTS
from runtime.ids import mint
from tests.support.ingest_stack import wait_for

GIVEN = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", *DATABASE_PARTS)
SECONDS = 90.0


class Dev:
    """A `payflow dev --fresh` in a folder of temporary files of its own."""

    def __init__(self, folder: Path) -> None:
        self.temporary, self.log = folder / "tmp", folder / "dev.log"
        self.temporary.mkdir()
        ports = {name: str(processes.free_port()) for name in (*PORTS, *METRICS)}
        dist = folder / "console"
        dist.mkdir()
        (dist / "index.html").write_text("<title>the console</title>")
        self.console = f"http://127.0.0.1:{ports['CONSOLE_PORT']}"
        kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
        self.url = f"http://127.0.0.1:{ports['GATEWAY_PORT']}/api/v1"
        self.process = processes.start(
            [sys.executable, "-m", "payflow", "dev", "--fresh"],
            log=self.log,
            env={**kept, **ports, "TMPDIR": str(self.temporary), "KAFKA_PARTITIONS": "2", "CONSOLE_DIST": str(dist)},
        )
        self.family: set[psutil.Process] = set()

    @property
    def said(self) -> str:
        return self.log.read_text()

    def await_said(self, pattern: str) -> str:
        found: list[re.Match[str] | None] = []

        def look() -> bool:
            found.append(re.search(pattern, self.said))
            assert found[-1] or self.process.poll() is None, self.said
            return found[-1] is not None

        wait_for(pattern, look, SECONDS)
        assert found[-1] is not None
        return found[-1][0]

    def child(self, word: str) -> psutil.Process:
        """The server that we started whose command has this word in it."""
        children = psutil.Process(self.process.pid).children()
        self.family.update(children)
        return next(child for child in children if any(word in part for part in child.cmdline()))

    def folder(self) -> Path:
        return Path(self.await_said(r"logs: (\S+)/logs").removeprefix("logs: ")).parent

    def end(self, number: int) -> int:
        self.family.update(psutil.Process(self.process.pid).children(recursive=True))
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    started = Dev(tmp_path)
    yield started
    processes.stop(started.process)


def pays(dev: Dev) -> bool:
    """Whether a payment is taken now."""
    body = {"amount": "0.01", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    headers = {"X-Merchant-Id": "demo", "Idempotency-Key": mint(), "Prefer": "wait=5"}
    with suppress(httpx2.HTTPError):
        return httpx2.post(f"{dev.url}/payouts", json=body, headers=headers, timeout=10).status_code == 201
    return False


def open_merchant(dev: Dev) -> None:
    with httpx2.Client(base_url=dev.url, timeout=30) as client:
        client.post("/merchants", json={"id": "demo", "name": "Demo"}, headers={"Prefer": "wait=20"})
        credit = {"amount": "100.00", "currency": "USD", "reference": "first"}
        headers = {"Idempotency-Key": "first", "Prefer": "wait=20"}
        assert client.post("/merchants/demo/credits", json=credit, headers=headers).status_code == 201


def test_a_killed_broker_and_a_killed_database_are_started_again_and_nothing_is_left(dev: Dev) -> None:
    dev.await_said("ready: ")
    dev.await_said(r"\nexport KAFKA_BOOTSTRAP_SERVERS=\S+:\d+\n")
    dev.await_said(r"\nexport DATABASE_URL=\S+")
    folder = dev.folder()
    assert folder.parent == dev.temporary
    open_merchant(dev)
    kill_and_await(dev, "kafka.Kafka", "kafka")
    kill_and_await(dev, "bin/postgres", "postgres")
    assert dev.end(signal.SIGINT) == 0
    assert not folder.exists()
    wait_for("everybody has ended", lambda: not any(map(lives, dev.family)), 15)


def test_the_console_and_the_api_have_one_origin(dev: Dev) -> None:
    assert dev.await_said(r"\nconsole: \S+").endswith(f"{dev.console.replace('127.0.0.1', 'localhost')}/")
    open_merchant(dev)
    with httpx2.Client(base_url=dev.console, timeout=30) as client:
        page = client.get("/payouts")
        assert ("the console" in page.text, page.headers["cache-control"]) == (True, "no-cache")
        origin = {"Origin": dev.console}
        assert [one["id"] for one in client.get("/api/v1/merchants/", headers=origin).json()["results"]] == ["demo"]
        assert client.get("/readyz").status_code == 200
    with connect(f"{dev.console.replace('http', 'ws')}/api/v1/feed/", additional_headers=origin) as feed:
        assert json.loads(feed.recv(5))["type"] == "hello"


def kill_and_await(dev: Dev, word: str, name: str) -> None:
    """Kill -9 a store: it is said, the same server is there again, and payments are taken again."""
    before = dev.child(word)
    command = before.cmdline()
    before.kill()
    dev.await_said(rf"{name} ended \(exit code -9\); starting it again")
    wait_for(f"another {name}", lambda: revived(dev, word, before), 30)
    assert dev.child(word).cmdline() == command, "the same port and the same folder"
    wait_for(f"a payment after {name} was killed", lambda: pays(dev), SECONDS)


def test_a_stop_while_everything_still_starts_leaves_nothing(dev: Dev) -> None:
    dev.await_said("starting Kafka")
    time.sleep(1)
    assert dev.end(signal.SIGTERM) == 0
    wait_for("everybody has ended", lambda: not any(map(lives, dev.family)), 15)
    assert dev.family
    assert not list(dev.temporary.glob("payflow-*/kafka"))


def revived(dev: Dev, word: str, before: psutil.Process) -> bool:
    with suppress(StopIteration, psutil.NoSuchProcess):
        return dev.child(word).pid != before.pid and bool(dev.child(word).cmdline())
    return False


def lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False

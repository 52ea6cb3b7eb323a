"""The simulator as a process over HTTP: idempotent, durable, hanging on purpose (SIM-01, SIM-03)."""

import concurrent.futures
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvloop
from aiohttp import web

from deploy.local import processes
from services.simulator import __main__ as simulator_main
from services.simulator.settings import SimulatorSettings


class Simulator:
    """A running simulator that can be killed and started again on the same books."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.metrics_port = folder, processes.free_port(), processes.free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=2)

    def start(self) -> None:
        env = {
            **os.environ,
            "SIMULATOR_PORT": str(self.port),
            "SIMULATOR_METRICS_PORT": str(self.metrics_port),
            "SIMULATOR_DIR": str(self.folder),
            "SIMULATOR_PRESET": "perfect",
        }
        self.process = processes.start([sys.executable, "-m", "services.simulator"], log=self.folder / "log", env=env)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                self.http.get("/livez")
                return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    running = Simulator(tmp_path)
    running.start()
    yield running
    assert running.process is not None
    processes.stop(running.process)


def _body(number: str = "+256772123456", amount: str = "10.00") -> dict[str, object]:
    return {"reference": str(uuid.uuid4()), "amount": amount, "currency": "USD", "payee": {"msisdn": number}}


def test_the_same_reference_is_paid_once(simulator: Simulator) -> None:
    body = _body()
    first, again = simulator.http.post("/transfers", json=body), simulator.http.post("/transfers", json=body)
    assert first.json() == again.json()
    assert first.json()["status"] == "paid"
    other = simulator.http.post("/transfers", json={**body, "amount": "11.00"})
    assert (other.status_code, other.json()["code"]) == (409, "duplicate_reference")
    assert simulator.http.get("/books/summary").json()["results"] == [{"status": "paid", "currency": "USD", "count": 1}]


def test_obs_01_it_counts_what_it_answers(simulator: Simulator) -> None:
    simulator.http.post("/transfers", json=_body())
    simulator.http.get("/nothing/here")
    told = httpx2.get(f"http://127.0.0.1:{simulator.metrics_port}/metrics").text
    assert 'payflow_simulator_requests_total{route="/transfers",status="200"} 1.0' in told
    assert 'payflow_simulator_requests_total{route="unmatched",status="404"} 1.0' in told


def test_kill_9_keeps_the_books(simulator: Simulator) -> None:
    bodies = [_body() for _ in range(20)]
    answers = [simulator.http.post("/transfers", json=body).json() for body in bodies]
    assert simulator.process is not None
    simulator.process.kill()
    simulator.process.wait()
    simulator.start()
    assert [simulator.http.get(f"/transfers/{body['reference']}").json() for body in bodies] == answers


@pytest.mark.parametrize(("number", "standing"), [("+256700000003", "in_progress"), ("+256700000004", "paid")])
def test_a_hanging_answer_is_found_by_inquiry(simulator: Simulator, number: str, standing: str) -> None:
    body = _body(number)
    with pytest.raises(httpx2.TimeoutException):
        simulator.http.post("/transfers", json=body)
    assert simulator.http.get(f"/transfers/{body['reference']}").json()["status"] == standing


def test_a_lost_request_is_unknown_to_the_books_until_it_comes_again(simulator: Simulator) -> None:
    body = _body("+256700000006")
    with pytest.raises(httpx2.TimeoutException):
        simulator.http.post("/transfers", json=body)
    assert simulator.http.get(f"/transfers/{body['reference']}").status_code == 404
    assert simulator.http.post("/transfers", json=body).json()["status"] == "paid"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"reference":1}', b'{"reference":"r","amount":"1","currency":"USD","payee":5}']
)
def test_a_bad_request_is_400(simulator: Simulator, body: bytes) -> None:
    assert simulator.http.post("/transfers", content=body).status_code == 400


def test_control_changes_the_preset_and_refuses_nonsense(simulator: Simulator) -> None:
    assert (
        simulator.http.put("/control/preset", json={"preset": "storm", "failure_rate": 0.5, "seed": 3}).json()[
            "failure_rate"
        ]
        == 0.5
    )
    assert simulator.http.put("/control/preset", json={"preset": "calm"}).status_code == 400
    assert simulator.http.put("/control/preset", json={"failure_rate": 5}).status_code == 400


@pytest.mark.parametrize(
    ("number", "status", "wrong"),
    [
        (9, 500, "code"),
        (11, 200, "amount"),
    ],
)
def test_a_spoilt_answer_hides_a_payment_that_an_inquiry_shows(
    simulator: Simulator, number: int, status: int, wrong: str
) -> None:
    body = _body(f"+25670000{number:04d}")
    answer = simulator.http.post("/transfers", json=body)
    truth = simulator.http.get(f"/transfers/{body['reference']}").json()
    assert answer.status_code == status
    assert answer.json()[wrong] != truth[wrong]
    assert (truth["status"], truth["amount"]) == ("paid", "10.00")


def test_garbage_is_no_json_and_the_books_know_better(simulator: Simulator) -> None:
    body = _body("+256700000010")
    with pytest.raises(ValueError, match=r"JSON|Expecting|parse"):
        simulator.http.post("/transfers", json=body).json()
    assert simulator.http.get(f"/transfers/{body['reference']}").json()["status"] == "paid"


@pytest.mark.parametrize(("number", "status"), [(8, 500), (14, 429)])
def test_a_refused_request_is_not_in_the_books_until_it_comes_again(simulator: Simulator, number: int, status: int) -> None:
    body = _body(f"+25670000{number:04d}")
    assert simulator.http.post("/transfers", json=body).status_code == status
    assert simulator.http.get(f"/transfers/{body['reference']}").status_code == 404
    assert simulator.http.post("/transfers", json=body).json()["status"] == "paid"


def test_an_in_progress_transfer_can_end_failed(simulator: Simulator) -> None:
    body = _body("+256700000012")
    assert simulator.http.post("/transfers", json=body).json()["status"] == "in_progress"
    time.sleep(3.2)
    ended = simulator.http.get(f"/transfers/{body['reference']}").json()
    assert (ended["status"], ended["code"]) == ("failed", "account_closed")


@pytest.mark.parametrize("asked", [False, True])
def test_it_contradicts_only_what_it_has_said(simulator: Simulator, *, asked: bool) -> None:
    body = _body("+256700000013")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert simulator.http.get(f"/transfers/{body['reference']}").status_code == 404
        sending = pool.submit(simulator.http.post, "/transfers", json=body, timeout=10)
        time.sleep(1)
        if asked:
            assert simulator.http.get(f"/transfers/{body['reference']}").json()["status"] == "paid"
        assert sending.result().json()["status"] == ("failed" if asked else "paid")


def test_hundreds_may_connect_at_once_while_it_is_busy(simulator: Simulator) -> None:
    assert simulator.process is not None
    simulator.process.send_signal(signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as callers:
            for _ in range(300):
                callers.enter_context(socket.create_connection(("127.0.0.1", simulator.port), timeout=2))
    finally:
        simulator.process.send_signal(signal.SIGCONT)
    assert simulator.http.get("/livez").status_code == 200


def test_its_loop_is_the_one_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    monkeypatch.setattr(web, "run_app", lambda _app, *, loop, **_: given.append(loop))
    simulator_main.serve(web.Application(), SimulatorSettings())
    [loop] = given
    assert isinstance(loop, uvloop.Loop)
    loop.close()

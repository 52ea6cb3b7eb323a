"""Open mode exists in development only, and never leaves this machine: every service, by every way (SEC-01, SEC-19)."""

import subprocess
import sys
from typing import Any

import pytest

from payflow.stack import SERVICES
from runtime.exposure import OpenMode, is_loopback
from runtime.settings import RefusedStartError, ServiceSettings, load
from services.console.settings import ConsoleSettings
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from services.ingest.settings import IngestSettings
from services.processor.settings import ProcessorSettings
from services.projector.settings import ProjectorSettings
from services.simulator import __main__ as simulator
from services.simulator.settings import SimulatorSettings
from services.webhooks.settings import WebhooksSettings

GOOD = "8f3b0c5d9e7a412c6b1d0f9e8a7c6b5d"
DATABASE = "postgresql://payflow:8f3b0c5d9e7a@127.0.0.1/payflow"
DOORS: list[tuple[type[OpenMode], str]] = [
    (GatewaySettings, "GATEWAY_HOST"),
    (IngestSettings, "INGEST_HOST"),
    (WebhooksSettings, "WEBHOOKS_HOST"),
    (IdentitySettings, "IDENTITY_HOST"),
    (ConsoleSettings, "CONSOLE_HOST"),
    (ProcessorSettings, "METRICS_HOST"),
    (ProjectorSettings, "METRICS_HOST"),
]


@pytest.mark.parametrize(("kind", "name"), DOORS)
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "payflow.example", ""])
def test_sec_01_an_open_service_does_not_listen_beyond_this_machine(kind: type[OpenMode], name: str, host: str) -> None:
    given: dict[str, Any] = {name: host}
    with pytest.raises(RefusedStartError, match=f"{name}=.*PUBLISHED_ON_LOOPBACK=true.*PAYFLOW_ACCESS=required"):
        kind(**given).check_open_mode()
    kind(**given, PUBLISHED_ON_LOOPBACK=True).check_open_mode()
    kind(**given, PAYFLOW_ACCESS="required").check_open_mode()


@pytest.mark.parametrize("kind", [kind for kind, _ in DOORS])
@pytest.mark.parametrize("profile", ["test", "production"])
def test_sec_01_open_mode_exists_in_development_only(kind: type[OpenMode], profile: str) -> None:
    given: dict[str, Any] = {"PAYFLOW_PROFILE": profile}
    assert not kind(**given).is_open
    with pytest.raises(RefusedStartError, match="needs sign-in"):
        kind(**given, PAYFLOW_ACCESS="open").check_open_mode()


@pytest.mark.parametrize("kind", [GatewaySettings, ConsoleSettings, ServiceSettings])
def test_sec_01_an_open_service_answers_to_no_name_that_others_could_use(kind: type[OpenMode]) -> None:
    with pytest.raises(RefusedStartError, match=r"ALLOWED_HOSTS=pay\.example .*PAYFLOW_ACCESS=required"):
        kind(ALLOWED_HOSTS="localhost, Pay.Example").check_open_mode()
    kind(ALLOWED_HOSTS="localhost,127.0.0.1,a.localhost").check_open_mode()
    kind(ALLOWED_HOSTS="pay.example", PAYFLOW_ACCESS="required").check_open_mode()


def test_run_09_among_containers_a_name_of_their_own_network_is_near() -> None:
    GatewaySettings(ALLOWED_HOSTS="gateway,pay_flow-1", PUBLISHED_ON_LOOPBACK=True).check_open_mode()
    for name, published in (("gateway", False), ("pay.example", True), ("10.0.0.1", True)):
        with pytest.raises(RefusedStartError, match="ALLOWED_HOSTS"):
            GatewaySettings(ALLOWED_HOSTS=name, PUBLISHED_ON_LOOPBACK=published).check_open_mode()


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"PAYFLOW_PROFILE": "test", "DATABASE_URL": DATABASE}, "SECRET_KEY is not set"),
        ({"PAYFLOW_PROFILE": "test", "SECRET_KEY": GOOD, "DATABASE_URL": "postgresql://p:payflow@h/x"}, "everybody knows"),
        ({"PAYFLOW_PROFILE": "test", "SECRET_KEY": GOOD, "DATABASE_URL": "postgresql://p@h/x"}, "password of the database"),
        ({"PAYFLOW_PROFILE": "test", "PAYFLOW_ACCESS": "open", "DATABASE_URL": DATABASE}, "needs sign-in"),
        ({"METRICS_HOST": "0.0.0.0"}, "METRICS_HOST"),
        ({"ALLOWED_HOSTS": "pay.example"}, "ALLOWED_HOSTS"),
    ],
)
def test_sec_19_what_is_safe_in_development_alone_refuses_the_start(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], why: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RefusedStartError, match=why):
        load(ServiceSettings)


def test_sec_01_the_simulator_keeps_its_controls_on_this_machine() -> None:
    with pytest.raises(RefusedStartError, match="SIMULATOR_HOST=0"):
        simulator.check(SimulatorSettings(SIMULATOR_HOST="0.0.0.0"))
    simulator.check(SimulatorSettings(SIMULATOR_HOST="0.0.0.0", PUBLISHED_ON_LOOPBACK=True))
    simulator.check(SimulatorSettings(SIMULATOR_HOST="0.0.0.0", PAYFLOW_PROFILE="test"))


@pytest.mark.parametrize("name", ["gateway", "ingest", "simulator", "console"])
def test_sec_01_a_process_refuses_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    host = f"{name.upper()}_HOST"
    monkeypatch.setenv(host, "0.0.0.0")
    done = subprocess.run([sys.executable, "-m", SERVICES[name]], capture_output=True, text=True, timeout=60)
    assert (done.returncode, host in done.stderr, len(done.stderr.splitlines())) == (2, True, 1), done.stderr


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("", "0.0.0.0", "::", "localhost.example", "10.0.0.1")))

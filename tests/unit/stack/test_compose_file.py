"""docker-compose.yml and .env.example say what the settings classes and the images understand."""

import importlib
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy.local import postgres
from runtime.exposure import Exposure
from runtime.settings import RefusedStartError, ServiceSettings, load
from services.gateway.settings import GatewaySettings
from services.simulator.settings import SimulatorSettings

ROOT = Path(__file__).parents[3]
ONE_SHOT = ("migrate", "topics")
INSIDE = re.compile(r"DB_\w+|DATABASE_URL|\w+_PORT|INGEST_TEMP_DIR")
"""Fixed inside the containers: the database is compose's own, ports are what health checks and Prometheus ask."""
NOT_OURS = {"COMPOSE_PROJECT_NAME", "KAFKA_HOME", "GATEWAY_PORT", "SIMULATOR_PORT"}
"""In .env.example for Compose itself, for the local Kafka, or for the published ports."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def settings_classes() -> list[type[BaseSettings]]:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ROOT.glob("services/**/settings.py")]
    found = [ServiceSettings]
    for module in map(importlib.import_module, names):
        found += [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseSettings)]
    return found


def setting_names() -> set[str]:
    """Every setting, and the name of the file that it can come from."""
    names = {(field.alias or name).upper() for kind in settings_classes() for name, field in kind.model_fields.items()}
    return names | {f"{name}_FILE" for name in names}


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = (re.match(r"(?:# )?([A-Z_]+)=(.*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def test_kafka_keeps_its_data_in_the_volume(compose: dict[str, Any]) -> None:
    kafka = compose["services"]["kafka"]
    assert kafka["volumes"] == [f"kafka:{kafka['environment']['KAFKA_LOG_DIRS']}"]
    assert kafka["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data", "the one folder that the image gives its user"


def test_postgres_counts_as_healthy_only_once_it_answers_over_tcp(compose: dict[str, Any]) -> None:
    test = compose["services"]["postgres"]["healthcheck"]["test"]
    assert test[1:4] == ["pg_isready", "-h", "127.0.0.1"]


def test_every_setting_of_a_service_reaches_it(compose: dict[str, Any]) -> None:
    given = set(compose["x-payflow"]["environment"])
    wanted = {name for name in setting_names() if not INSIDE.fullmatch(name) and not name.endswith("_FILE")}
    assert wanted - given == set(), "settings that .env cannot change"


def test_every_setting_that_is_handed_on_stands_in_the_example(compose: dict[str, Any]) -> None:
    handed_on = {name for name, value in compose["x-payflow"]["environment"].items() if value is None}
    assert handed_on
    assert handed_on - example().keys() == set()


def test_no_service_is_told_what_no_setting_is_called(compose: dict[str, Any]) -> None:
    assert set(compose["x-payflow"]["environment"]) - setting_names() == {"PAYFLOW_URL"}, "and the command's own"


def test_the_example_names_only_what_exists_and_with_values_that_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    named = example()
    assert named.keys() - setting_names() - NOT_OURS == set()
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    for kind in settings_classes():
        settings = kind()
        if isinstance(settings, SimulatorSettings):
            assert settings.preset.delay_seconds == 0.2


def test_every_service_is_watched_and_starts_again(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"].get("test") or name in ONE_SHOT, name
        assert service["restart"] == ("on-failure:5" if name in ONE_SHOT else "unless-stopped"), name


def test_one_shot_jobs_wait_for_their_store(compose: dict[str, Any]) -> None:
    for name, store in zip(ONE_SHOT, ("postgres", "kafka"), strict=True):
        assert compose["services"][name]["depends_on"] == {store: {"condition": "service_healthy"}}


def test_nothing_of_ours_runs_as_root(compose: dict[str, Any]) -> None:
    """The other images (Kafka, Prometheus, Grafana) have users of their own; that of Postgres starts as root unless told."""
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users == ["10001"], "a number, so that a platform can see that it is not root"
    assert compose["services"]["postgres"]["user"] == "postgres"
    assert not any(service.get("user") in {"root", "0", 0} for service in compose["services"].values())


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.fixture
def inside(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The environment of a container of ours, without an .env, and with what Compose mounts as secrets."""
    for name, value in compose["x-payflow"]["environment"].items():
        if value is not None:
            monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    for name, secret in compose["secrets"].items():
        monkeypatch.setenv(f"{name.upper()}_FILE", str(ROOT / re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", secret["file"])))
    return compose


def test_sec_01_compose_starts_in_open_mode_and_says_why_it_may(inside: dict[str, Any]) -> None:
    assert ServiceSettings().database_url == "postgresql://payflow:payflow@postgres:5432/payflow"
    for kind in settings_classes():
        settings = kind()
        if isinstance(settings, ServiceSettings):
            settings.check_access()
            assert settings.is_open
        elif isinstance(settings, Exposure):
            settings.check_loopback()


@pytest.mark.parametrize("profile", ["test", "production"])
def test_sec_19_compose_refuses_its_known_password_outside_development(
    inside: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str
) -> None:
    monkeypatch.setenv("PAYFLOW_PROFILE", profile)
    monkeypatch.setenv("SECRET_KEY", "8f3b0c5d9e7a412c6b1d0f9e8a7c6b5d")
    with pytest.raises(RefusedStartError, match="password of the database is one that everybody knows"):
        load(ServiceSettings)
    (tmp_path / "own").write_text("6f1e9c0b7a5d")
    monkeypatch.setenv("DB_PASSWORD_FILE", str(tmp_path / "own"))
    assert load(ServiceSettings).database_url == "postgresql://payflow:6f1e9c0b7a5d@postgres:5432/payflow"


def test_sec_19_no_password_stands_in_the_file_and_each_secret_can_be_a_file(compose: dict[str, Any]) -> None:
    environment = compose["x-payflow"]["environment"]
    assert not [value for value in environment.values() if value and re.search(r"://[^/]*:[^/]*@", value)]
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/db_password"
    assert compose["services"]["postgres"]["secrets"] == ["db_password"]
    for name in compose["secrets"]:
        assert environment[f"{name.upper()}_FILE"] == f"/run/secrets/{name}"
        assert name in compose["x-payflow"]["secrets"]
        assert f"${{{name.upper()}_FILE:-" in compose["secrets"][name]["file"], "the file is the reader's choice"


def test_run_09_the_command_runs_in_a_container_against_the_gateway(inside: dict[str, Any]) -> None:
    [script] = re.findall(r"printf '(.*)' > /usr/local/bin/payflow && chmod 755", (ROOT / "Dockerfile").read_text())
    assert script == r'#!/bin/sh\nexec python -m payflow "$@"\n'
    url = urlsplit(os.environ["PAYFLOW_URL"])
    assert (url.hostname, url.port) == ("gateway", GatewaySettings().port)
    assert url.hostname in GatewaySettings().hosts, "a Host that the gateway answers to"
    assert "gateway" in inside["services"]


def test_both_postgres_have_the_same_sizes(compose: dict[str, Any]) -> None:
    """What is measured on the local one holds for the other."""
    program, *options = compose["services"]["postgres"]["command"]
    assert program == "postgres"
    assert dict(option.removeprefix("-c").split("=") for option in options) == postgres.SIZES

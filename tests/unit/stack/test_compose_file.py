"""docker-compose.yml and .env.example say what the settings classes and the images understand."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from runtime.settings import ServiceSettings
from services.simulator.settings import SimulatorSettings

ROOT = Path(__file__).parents[3]
ONE_SHOT = ("migrate", "topics")
INSIDE = re.compile(r"DB_\w+|\w+_PORT|INGEST_TEMP_DIR")
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
    return {(field.alias or name).upper() for kind in settings_classes() for name, field in kind.model_fields.items()}


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
    wanted = {name for name in setting_names() if not INSIDE.fullmatch(name)}
    assert wanted - given == set(), "settings that .env cannot change"


def test_every_setting_that_is_handed_on_stands_in_the_example(compose: dict[str, Any]) -> None:
    handed_on = {name for name, value in compose["x-payflow"]["environment"].items() if value is None}
    assert handed_on
    assert handed_on - example().keys() == set()


def test_no_service_is_told_what_no_setting_is_called(compose: dict[str, Any]) -> None:
    assert set(compose["x-payflow"]["environment"]) - setting_names() == set()


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

"""A real Compose reads docker-compose.yml, with and without a .env. It needs no engine for that."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMMANDS = (["docker", "compose"], ["docker-compose"])


def works(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run([*command, "version"], capture_output=True).returncode == 0


@pytest.fixture(scope="module", params=COMMANDS, ids=" ".join)
def compose(request: pytest.FixtureRequest) -> list[str]:
    if not works(request.param):
        pytest.skip(f"no {' '.join(request.param)} here")
    command: list[str] = request.param
    return command


def read(compose: list[str], folder: Path) -> dict[str, Any]:
    """The services as Compose understands them, started in a folder with this .env or none."""
    shutil.copy(ROOT / "docker-compose.yml", folder)
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run([*compose, "config"], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


def test_a_folder_without_env_file_is_enough(compose: list[str], tmp_path: Path) -> None:
    services = read(compose, tmp_path)
    assert services["processor"]["environment"].get("PAYOUT_MAX_RETRIES") is None, "the service's own default holds"
    assert services["ingest"]["environment"]["INBOX_UPSTREAMS"] == "erp:demo"


def test_what_the_env_file_says_reaches_the_services(compose: list[str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SIMULATOR_PRESET=perfect\nPAYOUT_MAX_RETRIES=7\nDATABASE_URL=postgresql://elsewhere/x\n")
    services = read(compose, tmp_path)
    assert services["simulator"]["environment"]["SIMULATOR_PRESET"] == "perfect"
    assert services["processor"]["environment"]["PAYOUT_MAX_RETRIES"] == "7"
    assert "@postgres:5432/" in services["gateway"]["environment"]["DATABASE_URL"], "addresses inside are compose's own"


def test_the_example_is_a_usable_env_file(compose: list[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    assert read(compose, tmp_path)["rails"]["environment"]["RAILS_CONCURRENCY"] == "256"

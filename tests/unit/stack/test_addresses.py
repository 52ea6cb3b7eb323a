"""Which stores a stack uses: those that the environment names, by one address or by its parts."""

from pathlib import Path

import pytest

from payflow import stores
from payflow.stack import Stack
from payflow.stores import DATABASE_PARTS
from runtime.settings import RefusedStartError

KAFKA = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}


class NoPostgres:
    """Stands where the local Postgres would be started."""

    def __init__(self, folder: Path) -> None:
        raise AssertionError(f"a Postgres of its own was started in {folder}")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", *DATABASE_PARTS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(stores, "LocalPostgres", NoPostgres)


def database_of(tmp_path: Path, **env: str) -> str:
    stack = Stack(tmp_path, {**KAFKA, **env}, free_ports=True)
    stack.stores.start()
    return stack.database_url


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({"DB_HOST": "db.example"}, "postgresql://payflow@db.example:5432/payflow"),
        ({"DB_NAME": "books"}, "postgresql://payflow@127.0.0.1:5432/books"),
        (
            {"DB_HOST": "db", "DB_PORT": "6000", "DB_NAME": "n", "DB_USER": "u", "DB_PASSWORD": "a/b"},
            "postgresql://u:a%2Fb@db:6000/n",
        ),
        ({"DATABASE_URL": "postgresql://one/x", "DB_HOST": "db"}, "postgresql://one/x"),
    ],
)
def test_a_database_that_is_named_is_used(tmp_path: Path, env: dict[str, str], url: str) -> None:
    assert database_of(tmp_path, **env) == url


def test_parts_count_from_the_shell_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "db.example")
    assert "@db.example:" in database_of(tmp_path)


@pytest.mark.parametrize("env", [{}, {"DB_HOST": "", "DB_PASSWORD": "", "DATABASE_URL": ""}])
def test_with_none_named_a_local_one_is_started(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="a Postgres of its own"):
        database_of(tmp_path, **env)


def test_a_part_that_is_not_usable_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RefusedStartError, match=r"^DB_PORT is not usable"):
        database_of(tmp_path, DB_PORT="five")


@pytest.mark.parametrize(("profile", "told"), [("development", "true"), ("test", None), ("production", None)])
def test_sec_09_webhooks_to_this_machine_are_a_stacks_in_development_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, told: str | None
) -> None:
    monkeypatch.delenv("WEBHOOKS_ALLOW_LOOPBACK", raising=False)
    stack = Stack(tmp_path, {**KAFKA, "PAYFLOW_PROFILE": profile}, free_ports=True)
    assert stack.environ.get("WEBHOOKS_ALLOW_LOOPBACK") == told

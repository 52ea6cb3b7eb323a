"""What every service is told by its environment, checked once at start.

Owns the shared settings and how a refused start is said: one line, what is wrong and what to do. Must not know what a
service does with them; nothing below a `wiring.py` reads the environment.
"""

import os
import sys
from collections.abc import Iterator
from typing import Literal, NoReturn, TypeVar
from urllib.parse import quote

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime import failpoints

REFUSED = 2
"""Exit code of a refused start."""

_LEFTOVERS = ("REDIS_URL", "CELERY_")

S = TypeVar("S", bound="ServiceSettings")


class RefusedStartError(Exception):
    """The process cannot start; `str(error)` is one line that says what to do."""


class ServiceSettings(BaseSettings):
    """Settings that all services share. Names are the environment variables, in any case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    profile: Literal["development", "test", "production"] = Field("development", alias="PAYFLOW_PROFILE")
    debug: bool = Field(default=False, alias="DEBUG")
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_partitions: int = Field(8, alias="KAFKA_PARTITIONS", ge=1, le=10_000)
    kafka_replication_factor: int = Field(1, alias="KAFKA_REPLICATION_FACTOR", ge=1, le=9)
    given_database_url: str | None = Field(None, alias="DATABASE_URL")
    db_name: str = Field("payflow", alias="DB_NAME")
    db_user: str = Field("payflow", alias="DB_USER")
    db_password: str = Field("", alias="DB_PASSWORD")
    db_host: str = Field("127.0.0.1", alias="DB_HOST")
    db_port: int = Field(5432, alias="DB_PORT")
    projection_schema: str = Field("payflow", alias="PROJECTION_SCHEMA", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    metrics_host: str = Field("127.0.0.1", alias="METRICS_HOST")
    dead_letters_max: int = Field(1000, alias="DEAD_LETTERS_MAX", ge=0)

    @field_validator("debug", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @property
    def database_url(self) -> str:
        """DATABASE_URL, or what DB_NAME, DB_USER, DB_PASSWORD, DB_HOST and DB_PORT say (RUN-03)."""
        if self.given_database_url:
            return self.given_database_url
        secret = f":{quote(self.db_password, safe='')}" if self.db_password else ""
        return f"postgresql://{quote(self.db_user, safe='')}{secret}@{self.db_host}:{self.db_port}/{self.db_name}"


def load(kind: type[S]) -> S:
    """The settings of a service from the environment. Raises RefusedStartError that names the variable and the remedy."""
    try:
        settings = kind()
        failpoints.arm(settings.profile)
    except failpoints.FailpointError as error:
        raise RefusedStartError(str(error)) from None
    except ValidationError as error:
        fault = error.errors()[0]
        name = fault["loc"][0] if fault["loc"] else "the environment"
        raise RefusedStartError(f"{name} is not usable: {fault['msg']}. Correct it or unset it.") from None
    return settings


def leftovers() -> Iterator[str]:
    """Names of variables that older systems left behind and that mean nothing here (RUN-05)."""
    return (name for name in sorted(os.environ) if name.startswith(_LEFTOVERS))


def refuse(service: str, error: Exception) -> NoReturn:
    """Say in one line why the start is refused, and exit."""
    sys.stderr.write(f"{service}: {error}\n")
    raise SystemExit(REFUSED)

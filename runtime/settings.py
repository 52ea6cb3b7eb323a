"""What every service is told by its environment, checked once at start.

Owns the shared settings and how a refused start is said: one line, what is wrong and what to do. Must not know what a
service does with them; nothing below a `wiring.py` reads the environment.
"""

import hashlib
import hmac
import os
import sys
from collections.abc import Iterator
from typing import NoReturn, TypeVar
from urllib.parse import quote, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from runtime import failpoints, secret_files
from runtime.exposure import OpenMode
from runtime.exposure import RefusedStartError as RefusedStartError  # noqa: PLC0414  most raise it by this module

REFUSED = 2
"""Exit code of a refused start."""

_LEFTOVERS = ("REDIS_URL", "CELERY_")

SECRET_MIN, DISTINCT_MIN = 32, 8
KNOWN_SECRETS = (
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "insecure",
    "django-insecure",
    "default",
    "payflow",
    "your-",
)
KNOWN_PASSWORDS = frozenset({"payflow", "postgres", "password", "changeme", "change-me", "secret", "admin", "root", "test"})

S = TypeVar("S", bound="ServiceSettings")


class ServiceSettings(OpenMode):
    """Settings that all services share. Names are the environment variables, in any case."""

    debug: bool = Field(default=False, alias="DEBUG")
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_partitions: int = Field(8, alias="KAFKA_PARTITIONS", ge=1, le=10_000)
    kafka_replication_factor: int = Field(1, alias="KAFKA_REPLICATION_FACTOR", ge=1, le=9)
    given_database_url: str | None = Field(None, alias="DATABASE_URL", repr=False)
    db_name: str = Field("payflow", alias="DB_NAME")
    db_user: str = Field("payflow", alias="DB_USER")
    db_password: str = Field("", alias="DB_PASSWORD", repr=False)
    db_host: str = Field("127.0.0.1", alias="DB_HOST")
    db_port: int = Field(5432, alias="DB_PORT")
    projection_schema: str = Field("payflow", alias="PROJECTION_SCHEMA", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    admin_schema: str = Field("admin", alias="ADMIN_SCHEMA", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    secret_key: SecretStr = Field(SecretStr(""), alias="SECRET_KEY")
    metrics_host: str = Field("127.0.0.1", alias="METRICS_HOST")
    dead_letters_max: int = Field(1000, alias="DEAD_LETTERS_MAX", ge=0)

    @field_validator("debug", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given by name, then the environment, then files that `<NAME>_FILE` names (SEC-19)."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, secret_files.SecretFiles(settings_cls)

    @property
    def inner_secret(self) -> str | None:
        """What our own processes show each other; None in open mode, where each door stands on loopback."""
        key = self.secret_key.get_secret_value().encode()
        return None if self.is_open else hmac.new(key, b"payflow inner door", hashlib.sha256).hexdigest()

    def check_access(self) -> None:
        """Raise RefusedStartError for open mode where it may not be, and for secrets that are missing, short or known (SEC-01, SEC-19)."""
        self.check_open_mode()
        if not self.is_open and (why := weak_secret(self.secret_key.get_secret_value())):
            remedy = "set it, or SECRET_KEY_FILE, to 32 random characters or more (`openssl rand -hex 32`)"
            raise RefusedStartError(f"SECRET_KEY {why}: {remedy}")
        if not self.is_development and (why := weak_password(self.database_url)):
            raise RefusedStartError(f"the password of the database {why}: give the user one of its own, in DB_PASSWORD_FILE")

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
        settings.check_access()
    except (failpoints.FailpointError, secret_files.SecretFileError) as error:
        raise RefusedStartError(str(error)) from None
    except ValidationError as error:
        fault = error.errors()[0]
        name = fault["loc"][0] if fault["loc"] else "the environment"
        raise RefusedStartError(f"{name} is not usable: {fault['msg']}. Correct it or unset it.") from None
    return settings


def weak_secret(secret: str) -> str | None:
    """Why a secret protects nothing; None for a good one."""
    if not secret:
        return "is not set"
    if secret.lower().startswith(KNOWN_SECRETS) or len(set(secret)) < DISTINCT_MIN:
        return "is one that everybody knows"
    return f"has fewer than {SECRET_MIN} characters" if len(secret) < SECRET_MIN else None


def weak_password(database_url: str) -> str | None:
    """Why a database's password protects nothing; None for a good one, and where a socket in the file system needs none."""
    parts = urlsplit(database_url)
    if not parts.hostname and "host=" in parts.query:
        return None
    if not parts.password:
        return "is not set"
    return "is one that everybody knows" if unquote(parts.password).lower() in KNOWN_PASSWORDS else None


def leftovers() -> Iterator[str]:
    """Names of variables that older systems left behind and that mean nothing here (RUN-05)."""
    return (name for name in sorted(os.environ) if name.startswith(_LEFTOVERS))


def refuse(service: str, error: Exception) -> NoReturn:
    """Say in one line why the start is refused, and exit."""
    sys.stderr.write(f"{service}: {error}\n")
    raise SystemExit(REFUSED)

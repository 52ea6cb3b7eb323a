"""Who may reach a process: its profile, where it listens, and what open mode may never do (SEC-01, SEC-19).

Owns that rule, once for every service. Outside the profile `development` there is no open mode, and in it no process listens where others
than this machine reach it, nor answers to names that others could use. Must not know secrets, nor what a service does.
"""

import ipaddress
from collections.abc import Iterator
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

NOT_LISTENING = "DB_HOST"
"""A `..._HOST` that is somebody else's."""
PUBLISHED = "set PUBLISHED_ON_LOOPBACK=true where the port is published on 127.0.0.1 only"


class RefusedStartError(Exception):
    """The process cannot start; `str(error)` is one line that says what to do."""


class Exposure(BaseSettings):
    """The profile, and where a process listens: every setting that is called `..._HOST`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    profile: Literal["development", "test", "production"] = Field("development", alias="PAYFLOW_PROFILE")
    published_on_loopback: bool = Field(default=False, alias="PUBLISHED_ON_LOOPBACK")
    """Containers listen on every address of their own network; this says that the way in from outside is on 127.0.0.1."""

    @property
    def is_development(self) -> bool:
        """Whether faults, fault points and the simulator's controls exist, and open mode may (SEC-01, SEC-19)."""
        return self.profile == "development"

    def check_loopback(self) -> None:
        """Raise RefusedStartError for an address that others than this machine reach."""
        for name, host in self._listening():
            if not is_loopback(host) and not self.published_on_loopback:
                raise RefusedStartError(
                    f"{name}={host} would open what asks for no credential to the network: use 127.0.0.1, or {PUBLISHED}, "
                    "or PAYFLOW_ACCESS=required"
                )

    def _listening(self) -> Iterator[tuple[str, str]]:
        for name, field in type(self).model_fields.items():
            alias = field.alias or name
            if alias.endswith("_HOST") and alias != NOT_LISTENING:
                yield alias, getattr(self, name)


class OpenMode(Exposure):
    """Whether anybody may use everything, and the names that are answered to."""

    given_access: Literal["open", "required", ""] = Field("", alias="PAYFLOW_ACCESS")
    allowed_hosts: str = Field("", alias="ALLOWED_HOSTS")

    @property
    def is_open(self) -> bool:
        """Whether anybody may use everything: in development, unless PAYFLOW_ACCESS=required (SEC-01)."""
        return (self.given_access or ("open" if self.is_development else "required")) == "open"

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts that requests may name besides loopback ones (RUN-04)."""
        return listed(self.allowed_hosts)

    def check_open_mode(self) -> None:
        """Raise RefusedStartError unless open mode stays in development and on this machine (SEC-01)."""
        if not self.is_open:
            return
        if not self.is_development:
            raise RefusedStartError(
                f"PAYFLOW_PROFILE={self.profile} needs sign-in: unset PAYFLOW_ACCESS, or use development"
            )
        self.check_loopback()
        foreign = sorted(name for name in self.hosts if not self._is_near(name))
        if foreign:
            raise RefusedStartError(
                f"ALLOWED_HOSTS={','.join(foreign)} would answer pages of other sites without a credential: unset it, or set "
                "PAYFLOW_ACCESS=required"
            )

    def _is_near(self, name: str) -> bool:
        """A loopback name; among containers also a name of their own network, which has no dot."""
        return is_loopback(name) or (self.published_on_loopback and name.replace("-", "").replace("_", "").isalnum())


def listed(text: str) -> frozenset[str]:
    """A list by comma, in lower case."""
    return frozenset(part.strip().lower().rstrip("/") for part in text.split(",") if part.strip())


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The host of a Host header, in lower case, without port and brackets."""
    host = authority.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")

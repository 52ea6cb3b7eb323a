"""What the gateway is told by its environment."""

import ipaddress

from pydantic import Field

from runtime.settings import RefusedStartError, ServiceSettings


class GatewaySettings(ServiceSettings):
    """Address, ingest's address, limits."""

    host: str = Field("127.0.0.1", alias="GATEWAY_HOST")
    port: int = Field(8000, alias="GATEWAY_PORT")
    ingest_url: str = Field("http://127.0.0.1:8001", alias="INGEST_URL", pattern="^https?://")
    metrics_port: int = Field(9105, alias="GATEWAY_METRICS_PORT")
    published_on_loopback: bool = Field(default=False, alias="PUBLISHED_ON_LOOPBACK")
    heartbeat_seconds: float = Field(15.0, alias="FEED_HEARTBEAT_SECONDS", gt=0)

    def check_open_mode(self) -> None:
        """Raise RefusedStartError unless the development profile stays on loopback, and for profiles that need sign-in (SEC-01)."""
        if self.profile == "production":
            raise RefusedStartError("PAYFLOW_PROFILE=production needs sign-in, which this version lacks: use development")
        if not self.published_on_loopback and not _is_loopback(self.host):
            raise RefusedStartError(
                f"GATEWAY_HOST={self.host} would open an unprotected API to the network: use 127.0.0.1, or set "
                "PUBLISHED_ON_LOOPBACK=true where the port is published on 127.0.0.1 only"
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

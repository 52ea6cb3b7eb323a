"""What the gateway is told by its environment."""

from pydantic import Field

from domain.access.bucket import Limit
from runtime.exposure import listed
from runtime.settings import RefusedStartError, ServiceSettings

CONSOLE_ORIGINS = "http://localhost:3000,http://127.0.0.1:3000"


class GatewaySettings(ServiceSettings):
    """Address, ingest's address, limits."""

    host: str = Field("127.0.0.1", alias="GATEWAY_HOST")
    port: int = Field(8000, alias="GATEWAY_PORT")
    ingest_url: str = Field("http://127.0.0.1:8001", alias="INGEST_URL", pattern="^https?://")
    webhooks_url: str = Field("http://127.0.0.1:8002", alias="WEBHOOKS_URL", pattern="^https?://")
    identity_url: str = Field("http://127.0.0.1:8010", alias="IDENTITY_URL", pattern="^https?://")
    simulator_url: str = Field("http://127.0.0.1:8100", alias="SIMULATOR_URL", pattern="^https?://")
    rate_limit: float | None = Field(None, alias="RATE_LIMIT", ge=0, le=1_000_000)
    rate_burst: int = Field(100, alias="RATE_BURST", ge=1, le=1_000_000)
    metrics_port: int = Field(9105, alias="GATEWAY_METRICS_PORT")
    heartbeat_seconds: float = Field(15.0, alias="FEED_HEARTBEAT_SECONDS", gt=0)
    replay_places: int = Field(1_000_000, alias="FEED_REPLAY_PLACES", ge=0)
    feed_lines_max: int = Field(12_000, alias="FEED_LINES_MAX", ge=1)
    allowed_origins: str = Field(CONSOLE_ORIGINS, alias="ALLOWED_ORIGINS")

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may open the feed besides those of the address itself (SEC-12)."""
        return listed(self.allowed_origins)

    @property
    def limit(self) -> Limit | None:
        """Requests a second of one credential for one merchant (SEC-11); None for no limit: RATE_LIMIT=0, and in open mode."""
        rate = (0.0 if self.is_open else Limit().rate) if self.rate_limit is None else self.rate_limit
        return Limit(rate, self.rate_burst) if rate else None

    def check_development(self) -> None:
        """Raise RefusedStartError outside the profile `development`."""
        if not self.is_development:
            raise RefusedStartError(f"the fault layer is for PAYFLOW_PROFILE=development only, not for {self.profile}")

    def check_open_mode(self) -> None:
        """Raise RefusedStartError unless open mode stays on loopback, and for hosts and origins that are no names (SEC-01)."""
        if any("*" in name for name in self.hosts | self.origins):
            raise RefusedStartError(
                "ALLOWED_HOSTS and ALLOWED_ORIGINS list each by its name: a * would open this API to every site"
            )
        super().check_open_mode()

"""What the webhooks service is told by its environment."""

from pydantic import Field

from runtime.settings import RefusedStartError, ServiceSettings

NAME_MAX = 54
"""Of a schema of views, so that `_webhooks` behind it still fits."""
SCHEMA_PATTERN = r"^[a-z_][a-z0-9_]{0,40}$"


class WebhooksSettings(ServiceSettings):
    """Address, schema, limits, and where webhooks may go."""

    host: str = Field("127.0.0.1", alias="WEBHOOKS_HOST")
    port: int = Field(8002, alias="WEBHOOKS_PORT", ge=0, le=65_535)
    metrics_port: int = Field(9107, alias="WEBHOOKS_METRICS_PORT", ge=0, le=65_535)
    identity_url: str = Field("http://127.0.0.1:8010", alias="IDENTITY_URL", pattern="^https?://")
    """Where the audit trail is told what was done to endpoints."""
    given_schema: str | None = Field(None, alias="WEBHOOKS_SCHEMA", pattern=SCHEMA_PATTERN)
    allow_loopback: bool = Field(default=False, alias="WEBHOOKS_ALLOW_LOOPBACK")
    """Lets endpoints be on this machine; refused outside development."""
    per_endpoint: int = Field(16, alias="WEBHOOKS_CONCURRENCY_PER_ENDPOINT", ge=1, le=256)
    timeout_seconds: float = Field(15.0, alias="WEBHOOKS_TIMEOUT_SECONDS", gt=0, le=30)
    keep_days: int = Field(30, alias="WEBHOOKS_KEEP_DAYS", ge=6, le=3650)
    """How long finished deliveries can be listed and sent again."""
    endpoints_max: int = Field(20, alias="WEBHOOKS_ENDPOINTS_MAX", ge=1, le=1000)
    """Per merchant."""

    @property
    def webhooks_schema(self) -> str:
        """`webhooks`, unless named; beside views of another name it is theirs: positions fit one log only."""
        beside = "webhooks" if self.projection_schema == "payflow" else f"{self.projection_schema[:NAME_MAX]}_webhooks"
        return self.given_schema or beside

    @property
    def plain(self) -> bool:
        """Whether http is allowed beside https (SEC-09)."""
        return self.is_development

    def check(self) -> None:
        """Raise RefusedStartError for what only development may allow, and for two schemas of one name."""
        if self.allow_loopback and not self.is_development:
            raise RefusedStartError("WEBHOOKS_ALLOW_LOOPBACK is for PAYFLOW_PROFILE=development: unset it")
        if self.webhooks_schema == self.projection_schema:
            raise RefusedStartError("WEBHOOKS_SCHEMA and PROJECTION_SCHEMA must differ: a rebuild replaces the second one")

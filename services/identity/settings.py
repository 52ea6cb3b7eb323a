"""What the identity service is told by its environment."""

from pydantic import Field, SecretStr

from runtime.settings import RefusedStartError, ServiceSettings


class IdentitySettings(ServiceSettings):
    """Address, how long a sign-in lasts, and the OpenID Connect provider, if there is one."""

    host: str = Field("127.0.0.1", alias="IDENTITY_HOST")
    port: int = Field(8010, alias="IDENTITY_PORT", ge=0, le=65535)
    metrics_port: int = Field(9110, alias="IDENTITY_METRICS_PORT", ge=0, le=65535)
    session_hours: float = Field(12.0, alias="SESSION_HOURS", gt=0, le=720)
    oidc_issuer: str = Field("", alias="OIDC_ISSUER", pattern="^(https?://.*)?$")
    oidc_client_id: str = Field("", alias="OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr = Field(SecretStr(""), alias="OIDC_CLIENT_SECRET")
    oidc_redirect_url: str = Field("", alias="OIDC_REDIRECT_URL", pattern="^(https?://.*)?$")

    def check_oidc(self) -> None:
        """Raise RefusedStartError for half of a provider, and for one without TLS outside development."""
        given = (self.oidc_issuer, self.oidc_client_id, self.oidc_redirect_url)
        if any(given) and not all(given):
            raise RefusedStartError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_REDIRECT_URL belong together: set all or none")
        if not self.is_development and any(url.startswith("http:") for url in given):
            raise RefusedStartError("OIDC_ISSUER and OIDC_REDIRECT_URL must be https outside development")

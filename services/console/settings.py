"""What the console's server is told by its environment. It reads no store and no log, so it shares no settings with the product."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

BUILT = Path(__file__).parents[2] / "console" / "dist"
"""Where `npm run build` puts it."""


class ConsoleSettings(BaseSettings):
    """Address, the built files, and where the gateway is."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    host: str = Field("127.0.0.1", alias="CONSOLE_HOST")
    port: int = Field(3000, alias="CONSOLE_PORT")
    dist: Path = Field(BUILT, alias="CONSOLE_DIST")
    gateway_url: str = Field("http://127.0.0.1:8000", alias="GATEWAY_URL", pattern="^https?://")

"""What the console's server is told by its environment.

It reads no store and no log, so it shares with the product only who may reach it: what it passes on to an open gateway is as open.
"""

from pathlib import Path

from pydantic import Field

from runtime.exposure import OpenMode

BUILT = Path(__file__).parents[2] / "console" / "dist"
"""Where `npm run build` puts it."""


class ConsoleSettings(OpenMode):
    """Address, the built files, and where the gateway is."""

    host: str = Field("127.0.0.1", alias="CONSOLE_HOST")
    port: int = Field(3000, alias="CONSOLE_PORT")
    dist: Path = Field(BUILT, alias="CONSOLE_DIST")
    gateway_url: str = Field("http://127.0.0.1:8000", alias="GATEWAY_URL", pattern="^https?://")

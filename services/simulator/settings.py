"""What the simulator is told by its environment.

It is somebody else's system, and shares with the product only who may reach it: it asks for no credential, so in development, where it has
controls, it stays on this machine.
"""

from pathlib import Path

from pydantic import Field

from runtime.exposure import Exposure
from services.simulator import scenario


class SimulatorSettings(Exposure):
    """Address, books and preset."""

    host: str = Field("127.0.0.1", alias="SIMULATOR_HOST")
    port: int = Field(8100, alias="SIMULATOR_PORT")
    folder: Path = Field(Path(".payflow/simulator"), alias="SIMULATOR_DIR")
    preset_name: str = Field("bank", alias="SIMULATOR_PRESET")
    failure_rate: float | None = Field(None, alias="PAYOUT_BANK_FAILURE_RATE")
    hang_rate: float | None = Field(None, alias="SIMULATOR_HANG_RATE")
    delay_seconds: float | None = Field(None, alias="SIMULATOR_DELAY_SECONDS")
    seed: int | None = Field(None, alias="SIMULATOR_SEED")
    keep_said: bool = Field(default=False, alias="SIMULATOR_KEEP_SAID")
    metrics_port: int = Field(9106, alias="SIMULATOR_METRICS_PORT")
    metrics_host: str = Field("127.0.0.1", alias="METRICS_HOST")

    @property
    def preset(self) -> scenario.Preset:
        """The preset with the numbers that were set. Raises KeyError or ValueError."""
        return scenario.preset(
            self.preset_name,
            failure_rate=self.failure_rate,
            hang_rate=self.hang_rate,
            delay_seconds=self.delay_seconds,
            seed=self.seed,
        )

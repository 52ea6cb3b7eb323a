"""What rails are told by their environment."""

from pydantic import Field

from services.processor.settings import ProcessorSettings


class RailsSettings(ProcessorSettings):
    """The processor's settings and the provider's address."""

    rails_metrics_port: int = Field(9103, alias="RAILS_METRICS_PORT")
    rails_concurrency: int = Field(256, alias="RAILS_CONCURRENCY", ge=1, le=10_000)
    rails_bulk_max: int = Field(500, alias="RAILS_BULK_MAX", ge=0, le=500)
    simulator_url: str = Field("http://127.0.0.1:8100", alias="SIMULATOR_URL", pattern="^https?://")

"""What the projector is told by its environment."""

from pydantic import Field

from runtime.settings import ServiceSettings


class ProjectorSettings(ServiceSettings):
    """Settings of the projector."""

    projector_metrics_port: int = Field(9104, alias="PROJECTOR_METRICS_PORT", ge=0, le=65_535)
    connections: int = Field(3, alias="PROJECTOR_CONNECTIONS", ge=1, le=64)
    """Transactions at once; more than the database has cores gains nothing."""
    records_max: int = Field(40, alias="PROJECTOR_RECORDS_PER_TRANSACTION", ge=1, le=1000)
    changes_max: int = Field(20_000, alias="PROJECTOR_CHANGES_PER_TRANSACTION", ge=1, le=100_000)

    @property
    def group(self) -> str:
        """The consumer group: views of another schema are another projection."""
        return f"payflow-projector-{self.projection_schema}"

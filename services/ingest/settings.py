"""What ingest is told by its environment."""

from pydantic import Field, field_validator

from runtime.currency_settings import CurrencySettings
from runtime.settings import RefusedStartError
from schemas.ids import is_merchant_id


class IngestSettings(CurrencySettings):
    """Settings of ingest, checked once at start."""

    host: str = Field("127.0.0.1", alias="INGEST_HOST")
    port: int = Field(8001, alias="INGEST_PORT", ge=0, le=65535)
    metrics_port: int = Field(9101, alias="INGEST_METRICS_PORT", ge=0, le=65535)
    temp_dir: str | None = Field(None, alias="INGEST_TEMP_DIR")
    dispatch_delay_seconds: float = Field(2.0, alias="PAYOUT_DISPATCH_DELAY_SECONDS", ge=0, le=86_400)
    ingest_schema: str = Field("ingest", alias="INGEST_SCHEMA", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    identity_url: str = Field("http://127.0.0.1:8010", alias="IDENTITY_URL", pattern="^https?://")
    files_keep_days: int = Field(30, alias="FILES_KEEP_DAYS", ge=1, le=3650)
    """Content of uploaded files, from their last change on."""
    fingerprints_keep_days: int = Field(400, alias="FILE_FINGERPRINTS_KEEP_DAYS", ge=1, le=36_500)
    """How long a file that was taken is known again (BAT-06)."""
    drafts_keep_days: int = Field(90, alias="DRAFTS_KEEP_DAYS", ge=1, le=3650)
    idempotency_window_hours: float = Field(24, alias="PAYOUT_IDEMPOTENCY_WINDOW_HOURS", gt=0)
    """The processor's; a draft must outlive the key that it holds."""
    inbox_upstreams: str = Field("", alias="INBOX_UPSTREAMS")

    @field_validator("inbox_upstreams")
    @classmethod
    def _known_form(cls, text: str) -> str:
        parse_upstreams(text)
        return text

    def check_ages(self) -> None:
        """Raise RefusedStartError for what would be forgotten while its key still counts, or before its own content."""
        if self.drafts_keep_days * 24 < self.idempotency_window_hours:
            raise RefusedStartError("DRAFTS_KEEP_DAYS is shorter than PAYOUT_IDEMPOTENCY_WINDOW_HOURS: raise it")
        if self.files_keep_days * 24 < self.idempotency_window_hours:
            raise RefusedStartError("FILES_KEEP_DAYS is shorter than PAYOUT_IDEMPOTENCY_WINDOW_HOURS: raise it")
        if self.fingerprints_keep_days < self.files_keep_days:
            raise RefusedStartError("FILE_FINGERPRINTS_KEEP_DAYS is shorter than FILES_KEEP_DAYS: raise it")

    @property
    def upstreams(self) -> dict[str, frozenset[str]]:
        """Upstream name to the merchants it may act for (INB-02)."""
        return parse_upstreams(self.inbox_upstreams)


def parse_upstreams(text: str) -> dict[str, frozenset[str]]:
    """`erp:demo|other,shop:acme` to {"erp": {"demo", "other"}, "shop": {"acme"}}. Raises ValueError with what is wrong."""
    found: dict[str, frozenset[str]] = {}
    for item in _items(text, ","):
        name, _, merchants = item.partition(":")
        allowed = _items(merchants, "|")
        if not is_merchant_id(name) or name in found:
            raise ValueError(f"{name!r} is not a new upstream name (lower-case letters, digits, _ or -)")
        if not allowed or not all(map(is_merchant_id, allowed)):
            raise ValueError(f"{item!r} needs merchants, such as {name}:demo|other")
        found[name] = frozenset(allowed)
    return found


def _items(text: str, separator: str) -> list[str]:
    return [item.strip() for item in text.split(separator) if item.strip()]

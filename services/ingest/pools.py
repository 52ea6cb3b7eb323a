"""Ingest's connections to Postgres, one pool for each use, so that none keeps another out.

Owns how many there are of each, how long a statement may take, and what they may see. Must not know what is asked over them.
"""

from typing import Any

from psycopg_pool import AsyncConnectionPool

from services.ingest.settings import IngestSettings
from services.ingest.store import POOL_SECONDS, STATEMENT_MS

Pool = AsyncConnectionPool[Any]
STAGING_STATEMENT_MS = 30_000
BY_KEY = "-c default_transaction_read_only=on -c enable_seqscan=off"
"""The views are only read, and all is asked by key, also where a plan is kept from when a table was small."""


def views(settings: IngestSettings) -> Pool:
    """What the log says, read only."""
    return _pool(settings, settings.projection_schema, STATEMENT_MS, most=8, more=BY_KEY, autocommit=True)


def staging(settings: IngestSettings) -> Pool:
    """Files on their way in."""
    return _pool(
        settings, settings.ingest_schema, STAGING_STATEMENT_MS, most=8, autocommit=True, application_name="payflow-staging"
    )


def drafts(settings: IngestSettings) -> Pool:
    """Drafts have connections of their own: files that are staged do not keep them out."""
    return _pool(settings, settings.ingest_schema, STATEMENT_MS, most=4, autocommit=True)


def retention(settings: IngestSettings) -> Pool:
    """One, and only while something is looked through."""
    name = "payflow-retention"
    return _pool(settings, settings.ingest_schema, STAGING_STATEMENT_MS, least=0, most=1, application_name=name)


def _pool(
    settings: IngestSettings, schema: str, statement_ms: int, *, most: int, least: int = 1, more: str = "", **kept: object
) -> Pool:
    options = f"-c search_path={schema} -c statement_timeout={statement_ms} {more}"
    kwargs = {"options": options, **kept}
    return AsyncConnectionPool(
        settings.database_url, min_size=least, max_size=most, open=False, timeout=POOL_SECONDS, kwargs=kwargs
    )

"""`payflow migrate`: bring all schemas up to date (RUN-06): views, ingest, webhooks, keys and people.

Safe to repeat and when two run at once.
"""

import typer

from runtime.settings import RefusedStartError, load, refuse


def command() -> None:
    """Bring all tables up to date; safe to repeat, and when two run at once."""
    from sqlalchemy.exc import OperationalError

    try:
        revisions = upgrade_all()
    except RefusedStartError as error:
        refuse("migrate", error)
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        refuse("migrate", RefusedStartError(f"the database cannot be reached ({why}). Start it, or correct DATABASE_URL."))
    for schema, revision in revisions.items():
        typer.echo(f"schema {schema} is at revision {revision}")


def upgrade_all() -> dict[str, str]:
    """Every schema of the product and the revision it has now. Raises RefusedStartError and OperationalError."""
    from services.identity import schema as identity
    from services.ingest import schema as ingest
    from services.ingest.settings import IngestSettings
    from services.projector import schema as views
    from services.webhooks import schema as webhooks
    from services.webhooks.settings import WebhooksSettings

    own, told = load(IngestSettings), load(WebhooksSettings)
    owners = (
        (own.projection_schema, views),
        (own.ingest_schema, ingest),
        (told.webhooks_schema, webhooks),
        (own.admin_schema, identity),
    )
    if len(dict(owners)) < len(owners):
        raise RefusedStartError(
            "PROJECTION_SCHEMA, INGEST_SCHEMA, WEBHOOKS_SCHEMA and ADMIN_SCHEMA must differ: each has its own revisions"
        )
    return {name: schema.REVISIONS.upgrade(own.database_url, name) for name, schema in owners}

"""`payflow migrate`: bring the schemas of the views and of ingest up to date (RUN-06). Safe to repeat and when two run at once."""

import typer

from runtime.settings import RefusedStartError, load, refuse


def command() -> None:
    """Bring the tables of the views and of ingest up to date; safe to repeat, and when two run at once."""
    from sqlalchemy.exc import OperationalError

    from services.ingest import schema as staging
    from services.ingest.settings import IngestSettings
    from services.projector import schema

    try:
        settings = load(IngestSettings)
        revision = schema.upgrade(settings.database_url, settings.projection_schema)
        staged = staging.upgrade(settings.database_url, settings.ingest_schema)
    except RefusedStartError as error:
        refuse("migrate", error)
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        refuse("migrate", RefusedStartError(f"the database cannot be reached ({why}). Start it, or correct DATABASE_URL."))
    typer.echo(f"schema {settings.projection_schema} is at revision {revision}")
    typer.echo(f"schema {settings.ingest_schema} is at revision {staged}")

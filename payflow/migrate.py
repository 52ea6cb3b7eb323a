"""`payflow migrate`: bring the views' schema up to date (RUN-06). Safe to repeat and when two run at once."""

import typer

from runtime.settings import RefusedStartError, ServiceSettings, load, refuse


def command() -> None:
    """Bring the views' tables up to date; safe to repeat, and when two run at once."""
    from sqlalchemy.exc import OperationalError

    from services.projector import schema

    try:
        settings = load(ServiceSettings)
        revision = schema.upgrade(settings.database_url, settings.projection_schema)
    except RefusedStartError as error:
        refuse("migrate", error)
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        refuse("migrate", RefusedStartError(f"the database cannot be reached ({why}). Start it, or correct DATABASE_URL."))
    typer.echo(f"schema {settings.projection_schema} is at revision {revision}")

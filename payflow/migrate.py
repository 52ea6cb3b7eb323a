"""`payflow migrate`: bring the schemas up to date (RUN-06): the views', and that of keys and people. Safe to repeat."""

import typer

from runtime.settings import RefusedStartError, ServiceSettings, load, refuse


def command() -> None:
    """Bring all tables up to date; safe to repeat, and when two run at once."""
    from sqlalchemy.exc import OperationalError

    from services.identity import schema as identity
    from services.projector import schema

    try:
        settings = load(ServiceSettings)
        revision = schema.upgrade(settings.database_url, settings.projection_schema)
        admin = identity.upgrade(settings.database_url, settings.admin_schema)
    except RefusedStartError as error:
        refuse("migrate", error)
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        refuse("migrate", RefusedStartError(f"the database cannot be reached ({why}). Start it, or correct DATABASE_URL."))
    typer.echo(f"schema {settings.projection_schema} is at revision {revision}")
    typer.echo(f"schema {settings.admin_schema} is at revision {admin}")

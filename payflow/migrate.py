"""`payflow migrate`: bring the schemas of views and webhooks up to date (RUN-06). Safe to repeat and when two run at once."""

import typer

from runtime.settings import RefusedStartError, load, refuse


def command() -> None:
    """Bring the tables of views and webhooks up to date; safe to repeat, and when two run at once."""
    from sqlalchemy.exc import OperationalError

    from services.projector import schema
    from services.webhooks import schema as webhooks
    from services.webhooks.settings import WebhooksSettings

    try:
        settings = load(WebhooksSettings)
        revision = schema.upgrade(settings.database_url, settings.projection_schema)
        beside = webhooks.upgrade(settings.database_url, settings.webhooks_schema)
    except RefusedStartError as error:
        refuse("migrate", error)
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        refuse("migrate", RefusedStartError(f"the database cannot be reached ({why}). Start it, or correct DATABASE_URL."))
    typer.echo(f"schema {settings.projection_schema} is at revision {revision}")
    typer.echo(f"schema {settings.webhooks_schema} is at revision {beside}")

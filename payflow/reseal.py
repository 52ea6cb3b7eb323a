"""`payflow reseal`: signing secrets of webhooks under a new SECRET_KEY; the old one comes over standard input, never in the arguments."""

import sys

import psycopg
import typer

from runtime.settings import RefusedStartError, load, refuse
from services.webhooks.seal import Seal, SealedOtherwiseError
from services.webhooks.sealing import seal_all
from services.webhooks.settings import WebhooksSettings


def command() -> None:
    """Seal webhooks' secrets with SECRET_KEY as it is set now; the one before is read from standard input. Stop webhooks first."""
    try:
        count = _reseal(sys.stdin.readline().strip())
    except RefusedStartError as error:
        refuse("reseal", error)
    except psycopg.OperationalError as error:
        refuse("reseal", RefusedStartError(f"the database cannot be reached ({type(error).__name__}): correct DATABASE_URL"))
    typer.echo(f"{count} secrets are sealed anew")


def _reseal(old: str) -> int:
    settings = load(WebhooksSettings)
    with psycopg.connect(settings.database_url, options=f"-c search_path={settings.webhooks_schema}") as link:
        try:
            return seal_all(link, Seal(settings.secret_key.get_secret_value()), [Seal(old), Seal("")])
        except SealedOtherwiseError:
            raise RefusedStartError(
                "the key on standard input is not the one that they are sealed with; nothing changed"
            ) from None

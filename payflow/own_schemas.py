"""The schemas that are no function of the log: uploaded files and drafts, webhooks, keys and people (RUN-26).

Owns which they are, what of each is truth, and what is left out because it is worth nothing, or does harm, after a restore. Each table
stands in one of the two lists; a test fails for one that does not. Must not know what a row means.
"""

from collections.abc import Callable
from typing import NamedTuple

from runtime.settings import ServiceSettings, load
from services.identity import schema as identity
from services.ingest import schema as ingest
from services.ingest.settings import IngestSettings
from services.webhooks import schema as webhooks
from services.webhooks.settings import WebhooksSettings


class OwnSchema(NamedTuple):
    """One of them. `role` is its name in a backup, `name` the one in the database.

    `kept` are tables in an order in which what refers comes behind what it refers to; `positions`, if named, is the one that says up to
    where on the log the others stand.
    """

    role: str
    name: str
    upgrade: Callable[[str, str], str]
    kept: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    positions: str | None = None
    warning: str | None = None


INGEST_KEPT = ("uploads", "upload_pieces", "upload_corrections", "column_mappings", "drafts")
WEBHOOKS_KEPT = ("endpoints", "secrets", "deliveries", "attempts", "batch_tallies", "positions", "acts")
WEBHOOKS_LEFT_OUT = ("members", "leases")
"""Who follows what, for seconds."""
ADMIN_KEPT = ("users", "keys", "audit")
ADMIN_LEFT_OUT = ("sessions", "sign_in_tries", "oidc_states", "feed_tickets")
"""Sign-ins: one that has ended since must not live again. People sign in anew."""
INGEST_WARNING = "a file that was taken after the backup is not known as a duplicate any more: tell who uploads"
ADMIN_WARNING = (
    "keys that were revoked and people who were shut out after the backup have their rights again: see the audit of what was "
    "there before, revoke and shut out anew"
)


def own_schemas(settings: ServiceSettings) -> tuple[OwnSchema, ...]:
    """The three, under the names that the environment gives them beside these views. Raises RefusedStartError."""
    beside = load(WebhooksSettings).model_copy(update={"projection_schema": settings.projection_schema})
    return named(load(IngestSettings).ingest_schema, beside.webhooks_schema, settings.admin_schema)


def named(ingest_name: str, webhooks_name: str, admin_name: str) -> tuple[OwnSchema, ...]:
    """The three under these names."""
    return (
        OwnSchema("ingest", ingest_name, ingest.REVISIONS.upgrade, INGEST_KEPT, warning=INGEST_WARNING),
        OwnSchema("webhooks", webhooks_name, webhooks.REVISIONS.upgrade, WEBHOOKS_KEPT, WEBHOOKS_LEFT_OUT, "positions"),
        OwnSchema("admin", admin_name, identity.REVISIONS.upgrade, ADMIN_KEPT, ADMIN_LEFT_OUT, warning=ADMIN_WARNING),
    )

"""What the audit trail is told of webhooks: who did what to which endpoint, and how it was before and after (AUD-01).

Owns the words, and that neither a secret nor a payee's data goes in: of an address the host alone, of a description that it changed. Must
not know where acts are kept.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from schemas.masking import scrubbed_reason

CREATED, CHANGED, DELETED = "webhook.created", "webhook.changed", "webhook.deleted"
ROTATED, TESTED, DISABLED = "webhook.secret_rotated", "webhook.tested", "webhook.disabled"
SENT_AGAIN = "deliveries.sent_again"
ITSELF = "service:webhooks"
"""The actor of what nobody asked for: an endpoint that failed for too long."""

PLAIN = ("types", "status", "disabled_reason")
HOST_MAX = 253


class Act(Struct, frozen=True, kw_only=True):
    """One act. `id` is a UUID: it is told at least once and stands in the trail once. `at` in ms UTC."""

    id: str
    at: int
    actor: str
    action: str
    subject: str
    merchant_id: str
    detail: dict[str, Any]


def subject_of(endpoint_id: str) -> str:
    """How the trail names an endpoint."""
    return f"webhook:{endpoint_id}"


def host_of(url: str) -> str:
    """The host of an address: its path and query can hold a secret, and a host a number."""
    return scrubbed_reason((urlsplit(url).hostname or "")[:HOST_MAX])


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """An endpoint as the trail may know it."""
    return {"host": host_of(row["url"]), **{name: row[name] for name in PLAIN}}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any] | None:
    """Which fields changed, and what may be known of them before and after; None if nothing did."""
    fields = [name for name in ("url", "description", *PLAIN) if before[name] != after[name]]
    if not fields:
        return None
    old, new = told(before), told(after)
    kept = ["host" if name == "url" else name for name in fields if name != "description"]
    return {
        "fields": fields,
        "before": {name: old[name] for name in kept},
        "after": {name: new[name] for name in kept},
    }

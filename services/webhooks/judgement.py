"""Which endpoints are well, which fail, and which are disabled for it (WHK-02).

Owns the state of an endpoint as its tries make it. That one has failed for too long is seen at the next try that fails, and by
housekeeping where there is none: an endpoint for which nothing happens any more is not enabled for ever. Must not judge an answer.
"""

from collections.abc import Collection
from typing import Any

from domain.webhooks.acts import DISABLED, ITSELF, subject_of
from domain.webhooks.schedule import GIVES_UP_MS
from runtime import metrics
from runtime.logging import logger
from services.webhooks.act_book import note
from services.webhooks.database import Link

WELL = (
    "UPDATE endpoints SET failing_since = NULL, last_success_at = %(now)s WHERE id = ANY(%(ids)s::uuid[]) "
    "AND (failing_since IS NOT NULL OR last_success_at IS NULL OR last_success_at < %(now)s - 1000)"
)
FAILING = "UPDATE endpoints SET failing_since = %(now)s WHERE id = ANY(%(ids)s::uuid[]) AND failing_since IS NULL"
DISABLE = (
    "UPDATE endpoints e SET status = 'disabled', disabled_reason = %(why)s, disabled_at = %(now)s, updated_at = %(now)s "
    "WHERE e.status = 'enabled'"
)
THESE = "AND e.id = ANY(%(ids)s::uuid[])"
TOO_LONG = "AND e.failing_since <= %(since)s"
NOTHING_DUE = (
    "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending' "
    "AND (d.due_at <= %(now)s OR d.claim IS NOT NULL))"
)
"""What is due, or under way, is tried first, and judged by it: it may be we who were away for five days."""

Disabled = tuple[str, str]
"""An endpoint's id, and why: `failing` or `gone`."""


async def judge(
    link: Link, well: Collection[str], ailing: Collection[str], gone: Collection[str], now: int
) -> list[Disabled]:
    """Write down how tries to these endpoints ended; returns those that are disabled by it."""
    disabled: list[Disabled] = []
    if well:
        await link.execute(WELL, {"now": now, "ids": sorted(well)})
    if ailing:
        await link.execute(FAILING, {"now": now, "ids": sorted(ailing)})
        disabled += await _disable(link, "failing", now, f"{THESE} {TOO_LONG}", ids=sorted(ailing))
    if gone:
        disabled += await _disable(link, "gone", now, THESE, ids=sorted(gone))
    return disabled


async def give_up(link: Link, now: int) -> list[Disabled]:
    """Disable what has failed for too long and has nothing that is due."""
    return await _disable(link, "failing", now, f"{TOO_LONG} {NOTHING_DUE}")


def tell(disabled: Collection[Disabled]) -> None:
    """Say it to those who operate this, once it is written."""
    for endpoint_id, why in disabled:
        metrics.WEBHOOKS_DISABLED.labels(why).inc()
        logger(__name__).error("webhooks.endpoint_disabled", webhook_id=endpoint_id, why=why)


async def _disable(link: Link, why: str, now: int, which: str, **more: Any) -> list[Disabled]:
    arguments = {"now": now, "why": why, "since": now - GIVES_UP_MS, **more}
    cursor = await link.execute(f"{DISABLE} {which} RETURNING e.id::text, e.merchant_id", arguments)
    rows = await cursor.fetchall()
    for row in rows:
        await note(link, ITSELF, DISABLED, subject_of(row["id"]), row["merchant_id"], now, {"why": why})
    return [(row["id"], why) for row in rows]

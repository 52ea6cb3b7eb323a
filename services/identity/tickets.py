"""Tickets for the feed: one use, 60 seconds, for what cannot set a header (SEC-12).

Owns their rows. A ticket stands for the key or the sign-in that asked for it, and ends with it. Must not know the feed.
"""

from domain.access.keys import stored
from domain.access.principal import Principal
from services.identity.asking import Desk
from services.identity.database import Row, change, row
from services.identity.trail import drawn

TICKET_MS = 60_000


async def make(desk: Desk, by: Principal, merchant: str | None) -> tuple[str, int]:
    """A ticket and until when it can be used (ms UTC)."""
    ticket, now = drawn(), desk.clock.now_ms()
    holder = by.session_id if by.kind == "person" else by.id if by.kind == "key" else None
    async with desk.database.transaction() as connection:
        await change(connection, "DELETE FROM feed_tickets WHERE expires_at < %s", [now])
        query = "INSERT INTO feed_tickets (hash, kind, holder_id, merchant_id, expires_at) VALUES (%s, %s, %s, %s, %s)"
        await change(connection, query, [stored(ticket), by.kind, holder, merchant, now + TICKET_MS])
    return ticket, now + TICKET_MS


async def redeem(desk: Desk, ticket: str) -> Row | None:
    """What a ticket stands for (kind, holder_id, merchant_id), once; None for one that is used, old or unknown."""
    now = desk.clock.now_ms()
    query = (
        "UPDATE feed_tickets SET used_at = %s WHERE hash = %s AND used_at IS NULL AND expires_at >= %s "
        "RETURNING kind, holder_id::text, merchant_id"
    )
    async with desk.database.transaction() as connection:
        return await row(connection, query, [now, stored(ticket), now])

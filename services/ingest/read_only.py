"""Read-only fields that come back in an edit: accepted unchanged only (API-16).

Owns when they can be judged. The views may lag behind the answers that clients have: what differs from them is called wrong only once they
have passed every decision that this process had seen when the request came. Must not know what an edit changes.
"""

import asyncio
from typing import Any

import msgspec

from domain.intake.edit import EditFields
from domain.intake.faults import Fault
from services.ingest.asking import Ask
from services.ingest.edge import Edge
from services.ingest.problems import ProblemError
from services.ingest.store import ViewUnavailableError

VIEW_SECONDS = 2.0
"""As long as a read waits for the views."""
LOOK_SECONDS = 0.02
AWAY = "The read-only fields cannot be compared now; leave them out, or try again soon."

_PENDING = "pending"


async def check(ask: Ask, payout_id: str, merchant_id: str, wanted: EditFields) -> None:
    """Past pending it is the state that forbids the edit, not the field. Raises ProblemError 400, 404, 503."""
    if not wanted.read_only:
        return
    place = ask.edge.submitter.decided_up_to(merchant_id)
    try:
        current = await ask.edge.store.payout_view(payout_id)
        if current is None or _changed(wanted, current):
            await _wait_for(ask.edge, *place)
            current = await ask.edge.store.payout_view(payout_id)
    except (ViewUnavailableError, TimeoutError):
        raise ProblemError("view_unavailable", AWAY) from None
    if current is None or current["merchant_id"] != merchant_id:
        raise ProblemError("not_found", "There is no such payout.")
    changed = _changed(wanted, current)
    if changed and current["status"] == _PENDING:
        raise ask.problem(
            [Fault(pointer=f"/{name}", detail="is read-only; send it unchanged or not at all") for name in changed]
        )


async def _wait_for(edge: Edge, partition: int, offset: int) -> None:
    """Until the views have passed this place. Raises TimeoutError."""
    async with asyncio.timeout(VIEW_SECONDS):
        while await edge.store.position(partition) < offset:  # noqa: ASYNC110  another process moves it
            await asyncio.sleep(LOOK_SECONDS)


def _changed(wanted: EditFields, current: dict[str, Any]) -> list[str]:
    return [name for name, value in wanted.read_only.items() if not _same(value, current.get(name))]


def _same(sent: object, current: object) -> bool:
    """Equal as JSON: `true` is not 1, and the order of keys does not matter."""
    return msgspec.json.encode(sent, order="sorted") == msgspec.json.encode(current, order="sorted")

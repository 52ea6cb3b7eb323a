"""The timelines: what happened to a payout or a batch, in one order, and what comes next (TML-01, TML-02, LIF-17 to LIF-19).

Owns the routes, and that a part which cannot be read is named as missing instead of failing the rest. Must not put entries in order.
"""

from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Request, Response

from domain.access import matrix
from domain.access.principal import Refused, admit
from domain.payout import outlook
from domain.payout.failures import failure_of
from runtime.http_problems import ProblemError
from schemas.times import rfc3339_or_none
from services.gateway import rows
from services.gateway.access.asked import principal_of
from services.gateway.batches import own_batch
from services.gateway.described import described
from services.gateway.door import door_of, freshness, json_response, merchant_asked, undecided, wait_for_position
from services.gateway.filters import canonical_id
from services.gateway.store import Row
from services.gateway.timelines import batch as batch_story
from services.gateway.timelines import payout as payout_story
from services.gateway.timelines.reads import Reads

DELIVERIES, AUDIT = "/api/v1/deliveries", "/api/v1/audit"
DELIVERIES_MAX = "100"
OK = 200

router = APIRouter()


@router.get("/payouts/{payout_id}/timeline", summary="Explain this payout", **described("get_payout_timeline"))
async def get_payout_timeline(request: Request, payout_id: str) -> Response:
    """Requests, states, provider calls, postings, webhooks and people in one order, with log positions; then the next step."""
    await wait_for_position(request)
    merchant, known = merchant_asked(request), canonical_id(payout_id)
    row = await door_of(request).store.payout(known) if known else None
    if row is None or merchant not in {None, row["merchant_id"]}:
        return await undecided(request, "payout", payout_id)
    reads, gathered = _reads(request), Gathered(request, row["merchant_id"])
    changes = await reads.views.changes_of(row["id"])
    legs = (
        await reads.entries(changes[0]["partition"], [one["offset"] for one in changes], row["merchant_id"])
        if changes
        else []
    )
    own = [leg for leg in legs if leg["payout_id"] in {None, row["id"]} and leg["batch_id"] in {None, row["batch_id"]}]
    deliveries = await gathered.deliveries(row["id"])
    acts = await gathered.acts(reads, f"payout:{row['id']}")
    told = payout_story.entries(row, changes, own, deliveries, acts)
    body = {**await _standing(reads, row), "entries": told, "without_gap": payout_story.without_gap(row["version"], changes)}
    return json_response({**body, "missing": gathered.missing, "freshness": freshness(request)})


async def _standing(reads: Reads, row: Row) -> dict[str, Any]:
    """How it stands, what that means, and what comes next."""
    state = rows.payout_state(row)
    batch = await reads.views.batch(row["batch_id"]) if row["batch_id"] is not None else None
    of = rows.batch_state(batch) if batch is not None else None
    ahead = outlook.outlook(state, of)
    level, why = outlook.attention(state, of)
    failure = failure_of(state.status, state.failure_code)
    return {
        "payout_id": row["id"],
        "status": row["status"],
        "version": row["version"],
        "attention": level,
        "attention_reason": why,
        "failure": {**msgspec.to_builtins(failure), "reason": state.failure_reason} if failure is not None else None,
        "next": _next(ahead),
        "expected_settlement_date": row["expected_settlement_date"],
        "settled_at": rfc3339_or_none(row["settled_at"]),
    }


@router.get("/batches/{batch_id}/events", summary="A batch's moves", **described("get_batch_events"))
async def get_batch_events(request: Request, batch_id: str) -> Response:
    """Opened, rows added, released, refused, dropped: from, to, why, who, when, and the place on the log (LIF-18)."""
    await wait_for_position(request)
    row = await own_batch(request, batch_id)
    if row is None:
        return await undecided(request, "batch", batch_id)
    moves = batch_story.history(await _reads(request).moves_of(row["id"]))
    return json_response({"count": len(moves), "results": moves})


@router.get("/batches/{batch_id}/timeline", summary="Explain this batch", **described("get_batch_timeline"))
async def get_batch_timeline(request: Request, batch_id: str) -> Response:
    """Its moves, and the first and last row at each step, with T+N and log positions; then the next step (CON-08)."""
    await wait_for_position(request)
    row = await own_batch(request, batch_id)
    if row is None:
        return await undecided(request, "batch", batch_id)
    reads, gathered = _reads(request), Gathered(request, row["merchant_id"])
    cells = (await reads.views.cells([row["id"]]))[row["id"]]
    form = rows.batch(row, cells)
    told = batch_story.entries(await reads.moves_of(row["id"]), await reads.milestones(row["id"]), row["row_count"])
    counts: Any = form["counts"]
    ahead = outlook.batch_outlook(rows.batch_state(row).phase, counts, row["waiting_rows"])
    if row["row_count"] and not any(entry["kind"] in {"rows", "state"} for entry in told):
        gathered.lack("moves", "this batch is older than the table of moves; `payflow rebuild` fills it")
    stands = {name: form[name] for name in ("status", "attention", "attention_reason")}
    body = {"batch_id": row["id"], **stands, "entries": told, "next": _next(ahead)}
    return json_response({**body, "missing": gathered.missing, "freshness": freshness(request)})


def _reads(request: Request) -> Reads:
    door = door_of(request)
    return Reads(door.store, door.admin)


def _next(ahead: outlook.Outlook) -> dict[str, object]:
    return {**msgspec.to_builtins(ahead), "at": rfc3339_or_none(ahead.at)}


class Gathered:
    """What other parts know, as far as who asks may know it too; `missing` says what is not there, and why."""

    def __init__(self, request: Request, merchant_id: str) -> None:
        """Nothing asked yet."""
        self._request, self._merchant = request, merchant_id
        self.missing: list[dict[str, str]] = []

    def lack(self, part: str, why: str) -> None:
        """This is not there."""
        self.missing.append({"part": part, "why": why})

    async def deliveries(self, payout_id: str) -> list[Row]:
        """Webhooks about a payout."""
        webhooks = door_of(self._request).webhooks
        if webhooks is None or not self._may("webhooks", DELIVERIES):
            return []
        try:
            query = {"payout_id": payout_id, "limit": DELIVERIES_MAX}
            status, body = await webhooks.read(DELIVERIES, query, self._request, self._merchant)
        except ProblemError as away:
            self.lack("webhooks", away.detail)
            return []
        if status != OK:
            self.lack("webhooks", f"the webhooks' part answered {status}")
            return []
        found: list[Row] = orjson.loads(body)["results"]
        return found

    async def acts(self, reads: Reads, subject: str) -> list[Row]:
        """What people did about it."""
        if not self._may("people", AUDIT):
            return []
        try:
            return await reads.acts(subject) or []
        except ProblemError as away:
            self.lack("people", away.detail)
            return []

    def _may(self, part: str, path: str) -> bool:
        """Whether who asks may read the list that this comes from."""
        found = matrix.find("GET", path)
        assert found is not None
        answer = admit(principal_of(self._request), found.route, named=frozenset({self._merchant}), in_path=None)
        if isinstance(answer, Refused):
            self.lack(part, f"this credential may not read it; it needs {found.route.access}")
        return not isinstance(answer, Refused)

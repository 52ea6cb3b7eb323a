"""What can be done with a payout or a batch, by its state and by who asks, and why not (CON-06); and the table of moves (CON-05).

Owns these routes. The reasons are the law's (`domain.actions`) and the matrix's; nothing is decided here, and the act itself decides anew.
"""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from domain.access import matrix
from domain.access.principal import OPEN, Principal, Refused, admit
from domain.actions import Act, batch_acts, payout_acts
from domain.payout.state import TRANSITIONS, UNFINISHED
from runtime.http_problems import ProblemError
from schemas.words import BatchPhase, PayoutStatus
from services.gateway.access.asked import PRINCIPAL
from services.gateway.batches import own_batch
from services.gateway.described import described
from services.gateway.door import freshness, json_response, own_payout, wait_for_position

router = APIRouter()


@router.get("/payouts/{payout_id}/actions", summary="What can be done with a payout", **described("get_payout_actions"))
async def get_payout_actions(request: Request, payout_id: str) -> Response:
    """Each act, whether it is allowed now, and in the words of the refusal why not."""
    await wait_for_position(request)
    row = await own_payout(request, payout_id)
    if row is None:
        raise ProblemError("not_found", "There is no such payout.")
    acts = payout_acts(PayoutStatus(row["status"]), unsealed=row["batch_phase"] == BatchPhase.OPEN)
    body = {"id": row["id"], "version": row["version"], "status": row["status"]}
    return _answer(request, body, row["merchant_id"], acts)


@router.get("/batches/{batch_id}/actions", summary="What can be done with a batch", **described("get_batch_actions"))
async def get_batch_actions(request: Request, batch_id: str) -> Response:
    """Each act, whether it is allowed now, and in the words of the refusal why not."""
    await wait_for_position(request)
    row = await own_batch(request, batch_id)
    if row is None:
        raise ProblemError("not_found", "There is no such batch.")
    body = {"id": row["id"], "phase": row["phase"]}
    return _answer(request, body, row["merchant_id"], batch_acts(BatchPhase(row["phase"]), row["row_count"]))


@router.get("/lifecycle", summary="The states of a payout and its legal moves", **described("get_lifecycle"))
async def get_lifecycle() -> Response:
    """The one table that everything else reads (LIF-02)."""
    states = [
        {"state": state.value, "moves": sorted(moves), "is_final": not moves, "is_under_way": state in UNFINISHED}
        for state, moves in TRANSITIONS.items()
    ]
    return json_response({"states": states})


def _answer(request: Request, body: dict[str, object], merchant: str, acts: Sequence[Act]) -> Response:
    principal: Principal = request.scope.get("state", {}).get(PRINCIPAL, OPEN)
    shown = [_form(act, str(body["id"]), _fault(act, principal, merchant)) for act in acts]
    return json_response({**body, "actions": shown, "freshness": freshness(request)})


def _fault(act: Act, principal: Principal, merchant: str) -> tuple[str, str] | None:
    """Why this act is not for this credential, or else not for this state."""
    found = matrix.find(act.method, act.path.replace("{payout_id}", "x").replace("{batch_id}", "x"))
    assert found is not None, "every act is a row of the matrix"
    admitted = admit(principal, found.route, named=frozenset({merchant}), in_path=None)
    if isinstance(admitted, Refused):
        return admitted.code, admitted.detail
    return (act.code, act.reason) if act.code is not None and act.reason is not None else None


def _form(act: Act, subject: str, fault: tuple[str, str] | None) -> dict[str, object]:
    code, reason = fault or (None, None)
    href = act.path.replace("{payout_id}", subject).replace("{batch_id}", subject) + "/"
    return {
        "action": act.action,
        "method": act.method,
        "href": href,
        "allowed": fault is None,
        "code": code,
        "reason": reason,
        "destructive": act.destructive,
    }

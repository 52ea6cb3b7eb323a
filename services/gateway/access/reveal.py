"""Revealing a payee (SEC-07): one payout, for a reason, written down before it is shown.

Owns the route. Must not keep what it shows.
"""

from fastapi import APIRouter, Request, Response

from domain.access.principal import encode
from domain.intake.text import text_fault
from runtime.http_problems import ProblemError
from schemas.masking import without
from services.gateway import rows
from services.gateway.access.asked import principal_of
from services.gateway.bodies import invalid, read_object
from services.gateway.described import described
from services.gateway.door import door_of, json_response, merchant_asked
from services.gateway.filters import canonical_id

REASON_MIN, REASON_MAX = 4, 200

_BODY = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {"reason": {"type": "string", "minLength": 4, "maxLength": 200}},
}
_EXTRA = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _BODY, "example": {"reason": "the bank asks for the full account"}}},
    }
}

_DOCUMENTED = described("reveal_payee")
_DOCUMENTED["openapi_extra"] |= _EXTRA

router = APIRouter()


@router.post("/payouts/{payout_id}/reveal", summary="The payee of one payout, unmasked, for a reason", **_DOCUMENTED)
async def reveal(request: Request, payout_id: str) -> Response:
    """200 with the recipient as sent; who looked, at what and why is in the audit trail before the answer leaves."""
    reason = await _reason(request)
    merchant, known = merchant_asked(request), canonical_id(payout_id)
    row = await door_of(request).store.payout(known) if known else None
    if row is None or merchant not in {None, row["merchant_id"]}:
        raise ProblemError("not_found", "There is no such payout.")
    form = rows.whole_payout(row)
    told = without(reason, [*(form["recipient_details"] or {}).values(), row["holder"], row["account_number"]])
    telling = {"principal": encode(principal_of(request)), "action": "recipient.revealed", "reason": told}
    identity, about = door_of(request).identity, {"subject": f"payout:{row['id']}", "merchant": row["merchant_id"]}
    if identity is None or (await identity.post("/internal/audit", {**telling, **about}))[0] != 204:
        raise ProblemError("identity_unavailable", "This cannot be written down now, so it is not shown; try again soon.")
    shown = {name: form[name] for name in ("id", "merchant_id", "recipient_details", "bank_account")}
    account = {"account_number": row["account_number"]} if row["account_number"] is not None else None
    body = {**shown, "bank_account": {**shown["bank_account"], **account} if account else None}
    answer = json_response(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _reason(request: Request) -> str:
    read = await read_object(request, frozenset({"reason"}))
    reason = read.get("reason")
    if not isinstance(reason, str) or text_fault("/reason", reason, longest=REASON_MAX, shortest=REASON_MIN) is not None:
        raise invalid("/reason", f"must say in {REASON_MIN} to {REASON_MAX} characters why the payee is to be seen")
    return reason

"""The routes of endpoints: make, list, change, delete, rotate the secret, test (WHK-05).

Owns these routes. Must not know SQL or how a webhook is sent.
"""

from fastapi import APIRouter, Request, Response

from domain.webhooks import payload, signing
from domain.webhooks.requests import read_change, read_endpoint, read_test
from runtime.http_problems import ProblemError
from runtime.ids import mint
from schemas.times import rfc3339
from services.webhooks.asking import actor_of, content_of, id_of, merchant_of, not_found, wanted
from services.webhooks.documentation import documented
from services.webhooks.door import Door, asked, door_of, endpoint_form, json_response, new_secret, test_form
from services.webhooks.guard import RefusedAddressError

router = APIRouter(prefix="/webhooks")


@router.get("", **documented("list_webhooks"))
async def list_webhooks(request: Request) -> Response:
    """All endpoints of the merchant, oldest first."""
    rows = await asked(door_of(request).registry.endpoints(merchant_of(request)))
    return json_response({"count": len(rows), "results": [endpoint_form(row) for row in rows]})


@router.post("", **documented("create_webhook"))
async def create_webhook(request: Request) -> Response:
    """Make an endpoint. The answer holds its secret, this once. The same address again is 409 and names the one that has it."""
    door, merchant_id = door_of(request), merchant_of(request)
    endpoint = wanted(read_endpoint(await content_of(request), plain=door.plain))
    if not await asked(door.registry.is_merchant(merchant_id)):
        raise ProblemError("unknown_merchant", f"No active merchant has the id {merchant_id!r}.")
    await _check(door, endpoint.url)
    secret, now = new_secret(), door.clock.now_ms()
    row = await asked(door.registry.by(actor_of(request)).create(merchant_id, mint(), endpoint, secret, now))
    return json_response({**endpoint_form(row), "secret": secret}, 201, {"Location": f"/api/v1/webhooks/{row['id']}"})


@router.post("/test", **documented("test_webhook_address"))
async def test_address(request: Request) -> Response:
    """Send a test to an address before it is saved, signed with the given secret or a new one. Only that it was done is kept."""
    door = door_of(request)
    test = wanted(read_test(await content_of(request), plain=door.plain))
    await _check(door, test.url)
    secret, merchant_id = test.secret or new_secret(), merchant_of(request)
    await asked(door.registry.by(actor_of(request)).tested(merchant_id, None, test.url, door.clock.now_ms()))
    return await _test(door, merchant_id, test.url, [secret], told=None if test.secret else secret)


@router.get("/{webhook_id}", **documented("get_webhook"))
async def get_webhook(request: Request, webhook_id: str) -> Response:
    """One endpoint, without its secret."""
    row = await asked(door_of(request).registry.endpoint(merchant_of(request), id_of(webhook_id, "webhook")))
    if row is None:
        raise not_found("webhook")
    return json_response(endpoint_form(row))


@router.patch("/{webhook_id}", **documented("change_webhook"))
async def change_webhook(request: Request, webhook_id: str) -> Response:
    """Change what is named. `enabled: true` also brings back one that was disabled, and what it had pending is sent."""
    door, known = door_of(request), id_of(webhook_id, "webhook")
    change = wanted(read_change(await content_of(request), plain=door.plain))
    if change.url is not None:
        await _check(door, change.url)
    row = await asked(door.registry.by(actor_of(request)).change(merchant_of(request), known, change, door.clock.now_ms()))
    if row is None:
        raise not_found("webhook")
    return json_response(endpoint_form(row))


@router.delete("/{webhook_id}", **documented("delete_webhook"))
async def delete_webhook(request: Request, webhook_id: str) -> Response:
    """Delete an endpoint; what it had pending is canceled, what was sent stays listed."""
    door = door_of(request)
    if not await asked(
        door.registry.by(actor_of(request)).delete(merchant_of(request), id_of(webhook_id, "webhook"), door.clock.now_ms())
    ):
        raise not_found("webhook")
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", **documented("rotate_webhook_secret"))
async def rotate_secret(request: Request, webhook_id: str) -> Response:
    """A new secret, told this once; the one before stays valid for 24 h, and every webhook carries a signature by each."""
    door, secret = door_of(request), new_secret()
    now = door.clock.now_ms()
    until = await asked(
        door.registry.by(actor_of(request)).rotate(merchant_of(request), id_of(webhook_id, "webhook"), secret, now)
    )
    if until is None:
        raise not_found("webhook")
    return json_response({"secret": secret, "previous_valid_until": rfc3339(until)})


@router.post("/{webhook_id}/test", **documented("test_webhook"))
async def test_saved(request: Request, webhook_id: str) -> Response:
    """Send a test to a saved endpoint, signed with its own secrets. It is no delivery: it is not listed and not tried again."""
    door, merchant_id, known = door_of(request), merchant_of(request), id_of(webhook_id, "webhook")
    row = await asked(door.registry.endpoint(merchant_id, known))
    if row is None:
        raise not_found("webhook")
    secrets = await asked(door.registry.secrets(known, door.clock.now_ms()))
    await asked(door.registry.by(actor_of(request)).tested(merchant_id, known, row["url"], door.clock.now_ms()))
    return await _test(door, merchant_id, row["url"], secrets, told=None)


async def _test(door: Door, merchant_id: str, url: str, secrets: list[str], told: str | None) -> Response:
    webhook_id, now = mint(), door.clock.now_ms()
    body = payload.test_body(webhook_id, merchant_id, now)
    outcome = await door.sender.send(url, body, signing.headers(secrets, webhook_id, now // 1000, body))
    return json_response(test_form(outcome, webhook_id, told))


async def _check(door: Door, url: str) -> None:
    """Raises ProblemError 422 for an address that nothing would ever be sent to (SEC-09)."""
    try:
        await door.sender.check(url)
    except (RefusedAddressError, TimeoutError) as error:
        why = str(error) or "the host's name could not be resolved in time"
        faults = [{"pointer": "/url", "code": "webhook_address_refused", "detail": why}]
        raise ProblemError("webhook_address_refused", f"Nothing is sent there: {why}.", errors=faults) from None

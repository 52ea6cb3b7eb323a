"""What every route of webhooks has at hand, and how rows become what clients see.

Owns the collaborators and the public forms. A secret is told once, when it is made. Must not know any single route.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from fastapi import Request, Response

from domain.webhooks.signing import secret_of
from runtime.clock import Clock
from runtime.http_problems import ProblemError
from runtime.ids import mint_key
from schemas.times import rfc3339, rfc3339_or_none
from services.webhooks.database import AWAY, Row
from services.webhooks.registry import EndpointExistsError, Registry, TooManyError
from services.webhooks.seal import SealedOtherwiseError
from services.webhooks.sender import Outcome, Sender

T = TypeVar("T")


@dataclass(frozen=True)
class Door:
    """Collaborators of the routes, built by `wiring`. `plain` allows http."""

    registry: Registry
    sender: Sender
    clock: Clock
    plain: bool


def door_of(request: Request) -> Door:
    """The door of the app that serves this request."""
    door: Door = request.app.state.door
    return door


async def asked(work: Awaitable[T]) -> T:
    """The work's result; what the registry refuses or cannot reach as a problem."""
    try:
        return await work
    except EndpointExistsError as error:
        detail = f"The webhook {error} has this address: change it, or rotate its secret if you lost it."
        raise ProblemError("webhook_exists", detail, webhook_id=str(error)) from None
    except TooManyError as error:
        raise ProblemError("limit_exceeded", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except (*AWAY, SealedOtherwiseError):
        raise ProblemError("webhooks_unavailable", "Webhooks cannot be read or changed now; try again soon.") from None


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON, never kept by a cache: it can hold a secret."""
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def new_secret() -> str:
    """A secret that nobody has."""
    return secret_of(mint_key())


def endpoint_form(row: Row) -> dict[str, object]:
    """An endpoint as clients see it."""
    return {
        "id": row["id"],
        "merchant_id": row["merchant_id"],
        "url": row["url"],
        "description": row["description"],
        "types": row["types"],
        "status": row["status"],
        "disabled_reason": row["disabled_reason"],
        "disabled_at": rfc3339_or_none(row["disabled_at"]),
        "failing_since": rfc3339_or_none(row["failing_since"]),
        "last_success_at": rfc3339_or_none(row["last_success_at"]),
        "created_at": rfc3339(row["created_at"]),
        "updated_at": rfc3339(row["updated_at"]),
    }


def delivery_form(row: Row) -> dict[str, object]:
    """A delivery as clients see it."""
    what, _, which = row["subject"].partition(":")
    return {
        "id": row["id"],
        "webhook_id": row["endpoint_id"],
        "merchant_id": row["merchant_id"],
        "type": row["kind"],
        "subject": {"type": what, "id": which},
        "version": row["version"] or None,
        "order": row["ord"],
        "status": row["status"],
        "attempt_count": row["attempts"],
        "next_attempt_at": rfc3339(row["due_at"]) if row["status"] == "pending" else None,
        "last_status_code": row["last_code"],
        "last_error": row["last_error"],
        "event_at": rfc3339(row["at"]),
        "finished_at": rfc3339_or_none(row["finished_at"]),
    }


def attempt_form(row: Row) -> dict[str, object]:
    """One try as clients see it, with the beginning of the answer."""
    return {
        "number": row["number"],
        "at": rfc3339(row["at"]),
        "duration_ms": row["duration_ms"],
        "status_code": row["code"],
        "error": row["error"],
        "answer": row["answer"],
    }


def test_form(outcome: Outcome, webhook_id: str, secret: str | None) -> dict[str, object]:
    """What came of a test. `secret` is told only where it was made for the test."""
    form: dict[str, object] = {
        "ok": outcome.good,
        "webhook_message_id": webhook_id,
        "at": rfc3339(outcome.at),
        "duration_ms": outcome.duration_ms,
        "status_code": outcome.code,
        "error": outcome.error,
        "answer": outcome.answer,
    }
    return {**form, "secret": secret} if secret is not None else form

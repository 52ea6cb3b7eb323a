"""From a row to the log record behind it, and that record as it stands (CON-25).

Owns the member `record` of rows, and the route that shows a record: whose it is. Must not know what a record means: it is shown as the
JSON it is, less what `access/record_sight.py` covers.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response

from runtime.event_log.one_record import Found
from runtime.http_problems import ProblemError
from schemas.times import rfc3339
from schemas.topics import COMMANDS, EVENTS
from services.gateway import rows
from services.gateway.access.record_sight import shown
from services.gateway.described import described
from services.gateway.door import door_of, json_response, merchant_asked, wait_for_position

RECORD = "record"
INCLUDES = frozenset({RECORD})
TOPICS = frozenset({COMMANDS.name, EVENTS.name})
DIGITS_MAX = 18

router = APIRouter()


class Places(Protocol):
    """What is asked of the store."""

    async def places(self, payout_ids: list[str]) -> list[dict[str, Any]]:
        """Where on the log the newest change of each payout stands."""


class Looks(Protocol):
    """What is asked of the log."""

    async def find(self, topic: str, partition: int, offset: int) -> Found | None:
        """What stands at this place."""


async def with_records(store: Places, forms: list[dict[str, Any]], includes: frozenset[str]) -> list[dict[str, Any]]:
    """Payouts, each with where the record of its newest change stands, if that was asked for."""
    if RECORD not in includes or not forms:
        return forms
    found = {row["id"]: row for row in await store.places([form["id"] for form in forms])}
    return [{**form, RECORD: _link(found.get(form["id"]))} for form in forms]


def _link(place: Mapping[str, Any] | None) -> dict[str, object] | None:
    return rows.record(place["partition"], place["offset"], place["idx"]) if place is not None else None


@router.get("/log/{topic}/{partition}/{offset}", summary="One record of the log", **described("get_log_record"))
async def get_log_record(request: Request, topic: str, partition: str, offset: str) -> Response:
    """As it stands there, payees masked unless they are the credential's own; another merchant's is the same 404 as none."""
    await wait_for_position(request)
    if topic not in TOPICS or not _is_number(partition) or not _is_number(offset):
        raise _none()
    if int(partition) >= door_of(request).progress.partitions:
        raise _none()
    looks: Looks = request.app.state.log_lookup
    try:
        found = await looks.find(topic, int(partition), int(offset))
    except (KafkaError, OSError, TimeoutError) as error:
        raise ProblemError("log_unavailable", f"The log cannot be read now ({type(error).__name__}).") from None
    value = _value(found)
    if found is None or not _is_own(value, merchant_asked(request)):
        raise _none()
    place = {"topic": topic, "partition": int(partition), "offset": int(offset), "time": rfc3339(max(found.at, 0))}
    return json_response({**place, **_told(found, value)}, headers={"Cache-Control": "no-store"})


def _told(found: Found, value: Any) -> dict[str, object]:
    headers = [{"name": name, "value": data.decode(errors="replace")[:200]} for name, data in found.headers]
    key = None if found.key is None else found.key.decode(errors="replace")
    return {"key": key, "headers": headers, "bytes": len(found.value or b""), "value": shown(value)}


def _value(found: Found | None) -> Any:
    """The record as JSON; None for what is none, which only the dead letters show."""
    try:
        return orjson.loads(found.value) if found is not None and found.value is not None else None
    except orjson.JSONDecodeError:
        return None


def _is_own(value: Any, merchant: str | None) -> bool:
    """Whose record it is stands in it; one that cannot be read belongs to nobody but those who have all."""
    if merchant is None:
        return True
    return isinstance(value, dict) and value.get("merchant_id") == merchant


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX


def _none() -> ProblemError:
    return ProblemError("not_found", "There is no such record.")

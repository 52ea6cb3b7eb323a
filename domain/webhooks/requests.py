"""Requests about webhooks, read strictly: every fault is named, and an unknown member is one (ERR-04).

Owns what an endpoint may be and what can be chosen to be sent again. Must not know HTTP, nor where an endpoint is kept.
"""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct

from domain.intake.faults import Fault
from domain.intake.payout import field_faults
from domain.intake.text import text_fault
from domain.webhooks import kinds, signing
from domain.webhooks.addresses import url_fault
from schemas.ids import is_uuid
from schemas.times import parse_rfc3339

DESCRIPTION_MAX = 256
SELECTED_MAX = 1000
CHOICES = (*kinds.KINDS, *kinds.GROUPS)
STATUSES = ("pending", "delivered", "failed", "canceled")
REPEATABLE = ("delivered", "failed", "canceled")
"""What can be sent again: a pending one is on its way already."""

T = TypeVar("T")


class EndpointRequest(Struct, frozen=True, kw_only=True):
    """An endpoint to be made."""

    url: str
    types: tuple[str, ...] = ()
    description: str | None = None


class EndpointChange(Struct, frozen=True, kw_only=True):
    """What changes of an endpoint; None stays. An empty description removes it."""

    url: str | None = None
    types: tuple[str, ...] | None = None
    description: str | None = None
    enabled: bool | None = None


class TestRequest(Struct, frozen=True, kw_only=True):
    """Where a test goes, and the secret that signs it; None: one is made for it."""

    url: str
    secret: str | None = None


class Selection(Struct, frozen=True, kw_only=True):
    """Deliveries to send again: by id, or all of a time range (ms UTC, from inclusive, to exclusive) that match."""

    ids: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
    webhook_id: str | None = None
    statuses: tuple[str, ...] = REPEATABLE


def read_endpoint(raw: object, *, plain: bool) -> EndpointRequest | list[Fault]:
    """An endpoint to be made. `plain` allows http."""
    members = _Members(raw, {"url", "types", "description"})
    url = members.url(plain=plain, required=True)
    types = members.types()
    description = members.description()
    return members.faults or EndpointRequest(url=url or "", types=types or (), description=description or None)


def read_change(raw: object, *, plain: bool) -> EndpointChange | list[Fault]:
    """A change of an endpoint."""
    members = _Members(raw, {"url", "types", "description", "enabled"})
    enabled = members.get("enabled", bool, "must be true or false")
    found = EndpointChange(
        url=members.url(plain=plain, required=False),
        types=members.types(),
        description=members.description(),
        enabled=enabled,
    )
    return members.faults or found


def read_test(raw: object, *, plain: bool) -> TestRequest | list[Fault]:
    """A test before an endpoint is saved (WHK-05)."""
    members = _Members(raw, {"url", "secret"})
    url, secret = members.url(plain=plain, required=True), members.get("secret", str, "must be text")
    if secret is not None:
        try:
            signing.key_of(secret)
        except ValueError as error:
            members.fault("secret", str(error))
    return members.faults or TestRequest(url=url or "", secret=secret)


def read_selection(raw: object) -> Selection | list[Fault]:
    """What to send again: `ids`, or `from` and `to` with or without `webhook_id` and `status`."""
    members = _Members(raw, {"ids", "from", "to", "webhook_id", "status"})
    ids, start, end = members.ids(), members.time("from"), members.time("to")
    webhook_id = members.get("webhook_id", str, "must be the id of an endpoint")
    status = members.get("status", str, f"must be one of {', '.join(REPEATABLE)}")
    if webhook_id is not None and not is_uuid(webhook_id.lower()):
        members.fault("webhook_id", "must be the id of an endpoint")
    if status is not None and status not in REPEATABLE:
        members.fault("status", f"must be one of {', '.join(REPEATABLE)}")
    if not members.faults and (not ids) == (start is None or end is None):
        members.fault("", "must name ids, or a range by from and to, and not both")
    if start is not None and end is not None and end <= start:
        members.fault("to", "must be later than from")
    chosen = (status,) if status is not None else REPEATABLE
    return members.faults or Selection(
        ids=ids, start=start, end=end, webhook_id=webhook_id.lower() if webhook_id else None, statuses=chosen
    )


class _Members:
    """The members of a JSON object, read one by one; `faults` are all that was found."""

    def __init__(self, raw: object, known: set[str]) -> None:
        self.faults: list[Fault] = []
        self._raw: Mapping[str, object] = raw if isinstance(raw, Mapping) else {}
        if not isinstance(raw, Mapping):
            self.fault("", "must be a JSON object")
        self.faults += field_faults(self._raw, frozenset(known))

    def fault(self, name: str, detail: str) -> None:
        self.faults.append(Fault(pointer=f"/{name}" if name else "", detail=detail))

    def get(self, name: str, kind: type[T], remedy: str) -> T | None:
        value = self._raw.get(name)
        if value is None or isinstance(value, kind):
            return value
        self.fault(name, remedy)
        return None

    def url(self, *, plain: bool, required: bool) -> str | None:
        value = self._raw.get("url")
        if value is None and not required:
            return None
        fault = url_fault(value, plain=plain)
        if fault is not None:
            self.fault("url", fault)
        return value if isinstance(value, str) else None

    def description(self) -> str | None:
        value = self.get("description", str, "must be text")
        fault = text_fault("/description", value, longest=DESCRIPTION_MAX) if value is not None else None
        if fault is not None:
            self.faults.append(fault)
        return value

    def types(self) -> tuple[str, ...] | None:
        value = self.get("types", list, "must be a list of event types")
        if value is None:
            return None
        for at, item in enumerate(value[: len(CHOICES) + 1]):
            if not isinstance(item, str) or item not in CHOICES:
                self.fault(f"types/{at}", f"is not known; known: {', '.join(CHOICES)}")
        if len(value) > len(CHOICES) or len(set(map(str, value))) != len(value):
            self.fault("types", "must name each type once")
        return tuple(map(str, value))

    def ids(self) -> tuple[str, ...]:
        value = self.get("ids", list, "must be a list of delivery ids")
        if value is None:
            return ()
        if not 0 < len(value) <= SELECTED_MAX:
            self.fault("ids", f"must hold 1 to {SELECTED_MAX} ids; a range takes more")
            return ()
        for at, item in enumerate(value):
            if not isinstance(item, str) or not is_uuid(item.lower()):
                self.fault(f"ids/{at}", "must be the id of a delivery")
        return tuple(dict.fromkeys(str(item).lower() for item in value))

    def time(self, name: str) -> int | None:
        value = self.get(name, str, "must be a time in RFC 3339, such as 2026-01-31T08:00:00Z")
        if value is None:
            return None
        try:
            return parse_rfc3339(value[:64])
        except (ValueError, OverflowError):
            self.fault(name, "must be a time in RFC 3339, such as 2026-01-31T08:00:00Z")
            return None

"""What becomes of a person or of a key, as it is read from a request, and why (SEC-02, SEC-03, SEC-05).

Owns the rules. A reason may be left out; it is kept in the audit trail. Must not hash or store.
"""

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from domain.access.people import NAME_MAX, password_fault, read_grants, unknown_faults
from domain.access.principal import Grant
from domain.intake.faults import Fault
from domain.intake.text import VALUE_MAX, text_fault


class PersonChange(Struct, frozen=True, kw_only=True):
    """A valid change of a person, and why; UNSET stays."""

    name: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    grants: tuple[Grant, ...] | UnsetType = UNSET
    password: str | UnsetType = UNSET
    reason: str | None = None


def reason_fault(raw: object) -> Fault | None:
    """What is wrong with a reason; null is as good as left out."""
    return None if raw is None else text_fault("/reason", raw, longest=VALUE_MAX)


def read_person_change(raw: object) -> PersonChange | list[Fault]:
    """A change of a person, or all faults."""
    if not isinstance(raw, Mapping):
        return [_no_object()]
    faults = unknown_faults(raw, frozenset(PersonChange.__struct_fields__))
    faults += [fault for fault in map(_fault_of, raw.items()) if fault]
    grants = read_grants(raw["grants"]) if "grants" in raw else UNSET
    faults += grants if isinstance(grants, list) else []
    if faults or isinstance(grants, list):
        return faults
    return PersonChange(**{**raw, "grants": grants})


def read_end(raw: object) -> str | list[Fault] | None:
    """Why something ends, if a body says so; or all faults."""
    if not isinstance(raw, Mapping):
        return [_no_object()]
    faults = unknown_faults(raw, frozenset({"reason"}))
    fault = reason_fault(raw.get("reason"))
    return [*faults, *([fault] if fault else [])] or raw.get("reason")


def _fault_of(given: tuple[str, object]) -> Fault | None:
    """What is wrong with one field, but for grants."""
    name, value = given
    if name == "name":
        return text_fault("/name", value, longest=NAME_MAX, shortest=1)
    if name == "active" and not isinstance(value, bool):
        return Fault(pointer="/active", detail="must be true or false")
    if name == "password":
        return password_fault(value)
    return reason_fault(value) if name == "reason" else None


def _no_object() -> Fault:
    return Fault(pointer="", detail="must be a JSON object")

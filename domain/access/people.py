"""People, as they are read from a request: address, name, password, grants; and how often a wrong password may be tried (SEC-03).

Owns the rules. Must not hash or store.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from domain.access.matrix import SCOPES, Role
from domain.access.principal import ALL, Grant
from domain.intake.faults import Fault, step
from domain.intake.text import text_fault
from schemas.ids import is_merchant_id

PASSWORD_MIN, PASSWORD_MAX = 12, 256
NAME_MAX, GRANTS_MAX, MERCHANTS_MAX = 120, 50, 100
TRIES_MAX = 5
LOCK_MS = 15 * 60 * 1000

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


class Person(Struct, frozen=True, kw_only=True):
    """A valid new person. Without a password it signs in by OpenID Connect only."""

    email: str
    name: str
    grants: tuple[Grant, ...]
    password: str | None = None


class KeyWish(Struct, frozen=True, kw_only=True):
    """A valid new key. `expires_in_days` None: never."""

    name: str
    scopes: frozenset[str]
    merchants: frozenset[str]
    live: bool = True
    expires_in_days: int | None = None


def read_email(raw: object) -> str | None:
    """An address in lower case; None for what is none."""
    return raw.strip().lower() if isinstance(raw, str) and _EMAIL.fullmatch(raw.strip()) else None


def password_fault(raw: object, pointer: str = "/password") -> Fault | None:
    """What is wrong with a new password: its length only, as NIST SP 800-63B says."""
    if isinstance(raw, str) and PASSWORD_MIN <= len(raw) <= PASSWORD_MAX:
        return None
    return Fault(pointer=pointer, detail=f"must have {PASSWORD_MIN} to {PASSWORD_MAX} characters")


def unknown_faults(raw: Mapping[str, object], known: frozenset[str]) -> list[Fault]:
    """A fault for each field that does not exist."""
    return [Fault(pointer=step(name), detail="is not a known field") for name in raw if name not in known]


def read_person(raw: object) -> Person | list[Fault]:
    """A new person, or all faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = unknown_faults(raw, frozenset({"email", "name", "password", "grants"}))
    email, grants = read_email(raw.get("email")), read_grants(raw.get("grants"))
    if email is None:
        faults.append(Fault(pointer="/email", detail="must be an e-mail address"))
    faults += [fault for fault in (_name_fault(raw),) if fault]
    if raw.get("password") is not None and (fault := password_fault(raw["password"])) is not None:
        faults.append(fault)
    if isinstance(grants, list):
        faults += grants
    if faults or email is None or isinstance(grants, list):
        return faults
    password = raw.get("password")
    return Person(
        email=email, name=str(raw["name"]), grants=grants, password=str(password) if password is not None else None
    )


def read_grants(raw: object) -> tuple[Grant, ...] | list[Fault]:
    """`[{"role": "operator", "merchants": ["demo"]}]`, `*` for all merchants; or all faults."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= GRANTS_MAX:
        return [Fault(pointer="/grants", detail=f"must be a list of 1 to {GRANTS_MAX} roles with merchants")]
    faults: list[Fault] = []
    grants: list[Grant] = []
    for index, item in enumerate(raw):
        read = _grant(item, f"/grants/{index}")
        faults += read if isinstance(read, list) else []
        grants += [read] if isinstance(read, Grant) else []
    return faults or tuple(grants)


def _grant(item: object, at: str) -> Grant | list[Fault]:
    if not isinstance(item, Mapping) or set(item) != {"role", "merchants"}:
        return [Fault(pointer=at, detail="must have a role and merchants, and nothing else")]
    merchants = read_merchants(item["merchants"], f"{at}/merchants")
    faults = merchants if isinstance(merchants, list) else []
    if item["role"] not in [role.value for role in Role]:
        faults = [*faults, Fault(pointer=f"{at}/role", detail=f"must be one of {', '.join(role.value for role in Role)}")]
    if faults or isinstance(merchants, list):
        return faults
    return Grant(role=Role(str(item["role"])), merchants=merchants)


def read_merchants(raw: object, at: str = "/merchants") -> frozenset[str] | list[Fault]:
    """Merchant ids, or `["*"]` for all; or the fault."""
    listed = raw if isinstance(raw, list) and 1 <= len(raw) <= MERCHANTS_MAX else []
    if listed == [ALL] or (listed and all(isinstance(one, str) and is_merchant_id(one) for one in listed)):
        return frozenset(listed)
    return [Fault(pointer=at, detail=f'must be a list of 1 to {MERCHANTS_MAX} merchant ids, or ["*"] for all')]


def read_key_wish(raw: object) -> KeyWish | list[Fault]:
    """A new key, or all faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail="must be a JSON object")]
    faults = unknown_faults(raw, frozenset({"name", "scopes", "merchants", "live", "expires_in_days"}))
    faults += [fault for fault in (_name_fault(raw),) if fault]
    merchants, scopes, days = read_merchants(raw.get("merchants")), raw.get("scopes"), raw.get("expires_in_days")
    if (
        not isinstance(scopes, list)
        or not scopes
        or any(not isinstance(scope, str) or scope not in SCOPES for scope in scopes)
    ):
        faults.append(Fault(pointer="/scopes", detail=f"must be a list of scopes: {', '.join(sorted(SCOPES))}"))
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650):
        faults.append(Fault(pointer="/expires_in_days", detail="must be 1 to 3650"))
    if not isinstance(raw.get("live", True), bool):
        faults.append(Fault(pointer="/live", detail="must be true or false"))
    if isinstance(merchants, list):
        faults += merchants
    if faults or isinstance(merchants, list) or not isinstance(scopes, list):
        return faults
    return KeyWish(
        name=str(raw["name"]),
        scopes=frozenset(scopes),
        merchants=merchants,
        live=bool(raw.get("live", True)),
        expires_in_days=days if isinstance(days, int) else None,
    )


def _name_fault(raw: Mapping[str, object]) -> Fault | None:
    if raw.get("name") is None:
        return Fault(pointer="/name", detail="is required")
    return text_fault("/name", raw["name"], longest=NAME_MAX, shortest=1)

"""A principal: who asks, by which credential, and what that one may do (SEC-02 to SEC-05).

Owns its form on the way between our processes, and the decision about a request. Must not know where credentials are kept.
"""

import base64
import binascii

import msgspec
from msgspec import Struct

from domain.access.matrix import PUBLIC, SIGNED_IN, Bound, Role, Route, scopes_of

ALL = "*"
"""Stands for every merchant."""
SENDING = frozenset({"payouts:write", "batches:write", "drafts:write", "recipients:reveal"})
"""Scopes of who knows the payees anyway. No role that sees them masked and makes keys has one of them."""


class Grant(Struct, frozen=True, kw_only=True):
    """What a credential may do for some merchants: by a role (people) or by scopes (keys). `merchants` may hold ALL."""

    merchants: frozenset[str]
    role: Role | None = None
    scopes: frozenset[str] = frozenset()

    def allows(self, route: Route) -> bool:
        """Whether a route is open to this grant, for its merchants."""
        return self.role in route.roles if self.role is not None else route.scope in self.scopes


class Principal(Struct, frozen=True, kw_only=True):
    """Who asks. `kind` is open, key, person or cli; `id` that of the key or the person; `session_id` that of the sign-in."""

    kind: str
    id: str
    name: str = ""
    grants: tuple[Grant, ...] = ()
    session_id: str | None = None

    @property
    def actor(self) -> str:
        """How audit and log records name it: never a secret, never a person's data."""
        return f"{self.kind}:{self.id}"

    def merchants_for(self, route: Route) -> frozenset[str]:
        """The merchants for which it may use a route; empty for none."""
        if route.access in {SIGNED_IN, PUBLIC}:
            return frozenset().union(*(grant.merchants for grant in self.grants))
        return frozenset().union(*(grant.merchants for grant in self.grants if grant.allows(route)))

    def scopes_for(self, merchants: frozenset[str]) -> frozenset[str]:
        """The scopes that it has for all of these merchants."""
        held = [_scopes_at(self.grants, merchant) for merchant in merchants]
        return frozenset.intersection(*held) if held else frozenset()

    def sees_whole(self, merchant: str | None) -> bool:
        """Whether recipients are shown as sent (SEC-07): in open mode, and to a key that is this merchant's own and may send or reveal.

        A key that only reads is masked: else whoever makes keys and may not see payees would make one that does.
        """
        return self.kind == "open" or (self.kind == "key" and merchant is not None and self._sends_for(merchant))

    def _sends_for(self, merchant: str) -> bool:
        return bool(self.grants) and all(merchant in grant.merchants and grant.scopes & SENDING for grant in self.grants)


def _scopes_at(grants: tuple[Grant, ...], merchant: str) -> frozenset[str]:
    here = [grant for grant in grants if merchant in grant.merchants or ALL in grant.merchants]
    return frozenset().union(*(scopes_of(grant.role) if grant.role else grant.scopes for grant in here))


OPEN = Principal(kind="open", id="development", grants=(Grant(role=Role.ADMIN, merchants=frozenset({ALL})),))
"""Anybody, in open mode."""


class Admitted(Struct, frozen=True):
    """A request may go on, for one merchant; None where it is about all that the principal has, or about none."""

    merchant: str | None


class Refused(Struct, frozen=True):
    """A request ends: a registered problem code, and a text that says nothing about what exists."""

    code: str
    detail: str


def admit(principal: Principal, route: Route, *, named: frozenset[str], in_path: str | None) -> Admitted | Refused:
    """Whether a principal may use a route (SEC-04, SEC-05). `named` are the merchants that header and query name, `in_path` the path's.

    A merchant that is not the principal's is refused in the same way whether it exists or not.
    """
    mine = principal.merchants_for(route)
    if not mine and route.access != SIGNED_IN:
        return Refused("forbidden", "This credential may not do that; docs/access.md lists what each role and scope may.")
    if route.bound is Bound.ALL and ALL not in mine:
        return Refused("forbidden", "This is about all merchants together; the credential has some of them only.")
    if route.bound in {Bound.FREE, Bound.ALL}:
        return Admitted(None)
    if in_path is not None and not _within(in_path, mine):
        return Refused("not_found", "There is no such merchant.")
    if not all(_within(merchant, mine) for merchant in named):
        return Refused("forbidden", "This credential may not act for the merchant that X-Merchant-Id or merchant_id names.")
    return _chosen(named | ({in_path} if in_path is not None else frozenset()), mine, route.bound)


def _within(merchant: str, mine: frozenset[str]) -> bool:
    return merchant in mine or ALL in mine


def _chosen(named: frozenset[str], mine: frozenset[str], bound: Bound) -> Admitted | Refused:
    if len(named) > 1:
        return Refused("validation_error", "Header, query and path name different merchants; name one.")
    if named:
        return Admitted(next(iter(named)))
    if ALL in mine:
        detail = "Say whose money this is: send X-Merchant-Id."
        return Admitted(None) if bound is Bound.ANY else Refused("merchant_required", detail)
    if len(mine) == 1:
        return Admitted(next(iter(mine)))
    return Refused("merchant_required", "This credential has several merchants: choose one by X-Merchant-Id.")


def encode(principal: Principal) -> str:
    """As a header's value, for our own processes."""
    return base64.urlsafe_b64encode(msgspec.json.encode(principal)).decode()


def decode(text: str) -> Principal:
    """From a header's value. Raises ValueError for what is none."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=Principal)
    except (binascii.Error, msgspec.MsgspecError, UnicodeError) as error:
        raise ValueError("not a principal") from error

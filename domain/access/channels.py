"""The channels of the live feed in the matrix of role and route (SEC-05, LIV-03): deny by default.

Owns which kinds of channel there are, the scope that a key needs for each, and the roles of people that may follow it. A kind without a row
here cannot be followed. docs/access-matrix.md shows them. Must not know what is told.
"""

from domain.access.matrix import EVERYBODY, WATCHING, Bound, Route
from domain.access.principal import ALL, Principal, Refused, admit

FOLLOW = "FOLLOW"

CHANNELS: dict[str, Route] = {
    "batch": Route(FOLLOW, "batch:<id>", "batches:read", EVERYBODY, Bound.ANY),
    "payout": Route(FOLLOW, "payout:<id>", "payouts:read", EVERYBODY, Bound.ANY),
    "payouts": Route(FOLLOW, "payouts, payouts:<merchant>, each with ?filters", "payouts:read", EVERYBODY, Bound.ANY),
    "balance": Route(FOLLOW, "merchant:<id>:balance", "balance:read", EVERYBODY, Bound.ONE),
    "providers": Route(FOLLOW, "providers", "operations:read", WATCHING, Bound.ALL),
    "ops": Route(FOLLOW, "ops", "operations:read", WATCHING, Bound.ALL),
}


def may_follow(principal: Principal, kind: str, merchant: str | None) -> Refused | None:
    """Why a principal may not follow a channel of this kind; None if it may. `merchant` None: of all merchants."""
    route = CHANNELS[kind]
    if merchant is None and ALL not in principal.merchants_for(route):
        return Refused(
            "forbidden", "This credential may not follow that; docs/access.md lists what each role and scope may."
        )
    named = frozenset({merchant}) if merchant is not None else frozenset()
    found = admit(principal, route, named=named, in_path=None)
    return found if isinstance(found, Refused) else None

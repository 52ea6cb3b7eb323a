"""The one matrix of role and route (SEC-05): deny by default.

Owns which routes there are behind the front door, the scope that a key needs for each, the roles of people that may use it, and how
it is bound to a merchant. A route without a row here is closed; `tests/unit/access/test_matrix.py` walks every application and fails for
one that is missing. docs/access.md shows it. Must not know how a request is checked.
"""

from enum import StrEnum
from functools import cache
from typing import NamedTuple


class Role(StrEnum):
    """What a person is for some merchants."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    DEVELOPER = "developer"
    ADMIN = "admin"


class Bound(StrEnum):
    """How a route is bound to a merchant.

    `one`: exactly one has to be known. `any`: one, or none for a credential of all merchants. `all`: it is about all merchants together,
    and only for a credential that has them all. `free`: it is about no single merchant.
    """

    ONE = "one"
    ANY = "any"
    ALL = "all"
    FREE = "free"


PUBLIC = "public"
"""Needs no credential: health, and sign-in, which checks its own."""
SIGNED_IN = "signed in"
"""Needs a credential, whatever it may do."""
INTERNAL = "internal"
"""Only our own processes, by the secret of the inner door; never through the gateway."""
SOCKET = "WS"
"""The method of a route that is a WebSocket."""

EVERYBODY = frozenset(Role)
OPERATION = frozenset({Role.OPERATOR, Role.ADMIN})
CHECKING = frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN})
BUILDING = frozenset({Role.DEVELOPER, Role.ADMIN})
TOLD = frozenset({Role.OPERATOR, Role.DEVELOPER, Role.ADMIN})
WATCHING = frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN})
ADMINISTRATION = frozenset({Role.ADMIN})
NOBODY: frozenset[Role] = frozenset()


class Route(NamedTuple):
    """A row of the matrix. `access` is a scope such as `payouts:read`, or PUBLIC, SIGNED_IN, INTERNAL.

    `reveals`: its answer has payees that nobody masks, so who sees them masked elsewhere says why first (SEC-07).
    """

    method: str
    path: str
    access: str
    roles: frozenset[Role] = NOBODY
    bound: Bound = Bound.FREE
    reveals: bool = False

    @property
    def scope(self) -> str | None:
        """The scope that a key needs; None where it needs none."""
        return self.access if ":" in self.access else None


V1 = "/api/v1"
_ACCOUNTS = f"{V1}/merchants/{{merchant_id}}/bank-accounts"
_ACCOUNT = f"{_ACCOUNTS}/{{bank_account_id}}"
DEVELOPMENT = f"{V1}/dev/"
"""What stands below exists in the profile `development` only (CON-05, CON-18)."""

ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", PUBLIC),
    Route("GET", "/healthz", PUBLIC),
    Route("GET", "/livez", PUBLIC),
    Route("GET", "/readyz", PUBLIC),
    # Payouts
    Route("GET", f"{V1}/payouts", "payouts:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/payouts/{{payout_id}}", "payouts:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/payouts/{{payout_id}}/events", "payouts:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/payouts/{{payout_id}}/actions", "payouts:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/lifecycle", SIGNED_IN),
    Route("GET", f"{V1}/payouts/{{payout_id}}/timeline", "payouts:read", EVERYBODY, Bound.ANY),
    Route("POST", f"{V1}/payouts", "payouts:write", OPERATION, Bound.ONE),
    Route("PATCH", f"{V1}/payouts/{{payout_id}}", "payouts:write", OPERATION, Bound.ANY),
    Route("PUT", f"{V1}/payouts/{{payout_id}}", "payouts:write", OPERATION, Bound.ANY),
    Route("DELETE", f"{V1}/payouts/{{payout_id}}", "payouts:write", OPERATION, Bound.ANY),
    Route("POST", f"{V1}/payouts/{{payout_id}}/cancel", "payouts:write", OPERATION, Bound.ANY),
    Route("POST", f"{V1}/payouts/{{payout_id}}/reveal", "recipients:reveal", CHECKING, Bound.ANY),
    # Batches and files
    Route("GET", f"{V1}/batches", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/batches/{{batch_id}}", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/batches/{{batch_id}}/rows", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/batches/{{batch_id}}/actions", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/batches/{{batch_id}}/events", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/batches/{{batch_id}}/timeline", "batches:read", EVERYBODY, Bound.ANY),
    Route("POST", f"{V1}/batches", "batches:write", OPERATION, Bound.ONE),
    Route("POST", f"{V1}/batches/upload", "batches:write", OPERATION, Bound.ONE),
    Route("POST", f"{V1}/batches/{{batch_id}}/rows", "batches:write", OPERATION, Bound.ANY),
    Route("POST", f"{V1}/batches/{{batch_id}}/seal", "batches:write", OPERATION, Bound.ANY),
    Route("DELETE", f"{V1}/batches/{{batch_id}}", "batches:write", OPERATION, Bound.ANY),
    # Files: a result and refused rows hold payees as they were sent, so who may reveal one may have them, for a reason
    Route("GET", f"{V1}/batches/{{batch_id}}/result", "files:read", CHECKING, Bound.ANY, reveals=True),
    Route("GET", f"{V1}/uploads/mapping", "batches:read", EVERYBODY, Bound.ONE),
    Route("DELETE", f"{V1}/uploads/mapping", "batches:write", OPERATION, Bound.ONE),
    Route("GET", f"{V1}/uploads/template", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/uploads/{{upload_id}}", "batches:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/uploads/{{upload_id}}/errors", "files:read", CHECKING, Bound.ANY),
    Route("GET", f"{V1}/uploads/{{upload_id}}/refused-rows", "files:read", CHECKING, Bound.ANY, reveals=True),
    Route("POST", f"{V1}/uploads/{{upload_id}}/corrections", "batches:write", OPERATION, Bound.ANY),
    # Drafts: to submit one is to pay, whatever it holds, so that has a scope of its own
    Route("GET", f"{V1}/drafts", "drafts:read", EVERYBODY, Bound.ONE),
    Route("POST", f"{V1}/drafts", "drafts:write", OPERATION, Bound.ONE),
    Route("GET", f"{V1}/drafts/{{draft_id}}", "drafts:read", EVERYBODY, Bound.ANY),
    Route("PUT", f"{V1}/drafts/{{draft_id}}", "drafts:write", OPERATION, Bound.ANY),
    Route("DELETE", f"{V1}/drafts/{{draft_id}}", "drafts:write", OPERATION, Bound.ANY),
    Route("POST", f"{V1}/drafts/{{draft_id}}/submit", "drafts:submit", OPERATION, Bound.ANY),
    # Webhooks
    Route("GET", f"{V1}/webhooks", "webhooks:read", TOLD, Bound.ONE),
    Route("POST", f"{V1}/webhooks", "webhooks:write", BUILDING, Bound.ONE),
    Route("POST", f"{V1}/webhooks/test", "webhooks:write", BUILDING, Bound.ONE),
    Route("GET", f"{V1}/webhooks/{{webhook_id}}", "webhooks:read", TOLD, Bound.ONE),
    Route("PATCH", f"{V1}/webhooks/{{webhook_id}}", "webhooks:write", BUILDING, Bound.ONE),
    Route("DELETE", f"{V1}/webhooks/{{webhook_id}}", "webhooks:write", BUILDING, Bound.ONE),
    Route("POST", f"{V1}/webhooks/{{webhook_id}}/rotate", "webhooks:write", BUILDING, Bound.ONE),
    Route("POST", f"{V1}/webhooks/{{webhook_id}}/test", "webhooks:write", BUILDING, Bound.ONE),
    Route("GET", f"{V1}/deliveries", "webhooks:read", TOLD, Bound.ONE),
    Route("POST", f"{V1}/deliveries/send-again", "webhooks:write", BUILDING, Bound.ONE),
    Route("GET", f"{V1}/deliveries/{{delivery_id}}", "webhooks:read", TOLD, Bound.ONE),
    Route("GET", f"{V1}/deliveries/{{delivery_id}}/attempts", "webhooks:read", TOLD, Bound.ONE),
    Route("POST", f"{V1}/deliveries/{{delivery_id}}/send-again", "webhooks:write", BUILDING, Bound.ONE),
    # Money and merchants
    Route("GET", f"{V1}/balance", "balance:read", EVERYBODY, Bound.ONE),
    Route("GET", f"{V1}/ledger", "balance:read", EVERYBODY, Bound.ONE),
    Route("GET", f"{V1}/merchants", "merchants:read", EVERYBODY, Bound.ANY),
    Route("POST", f"{V1}/merchants", "merchants:write", ADMINISTRATION, Bound.ANY),
    Route("PATCH", f"{V1}/merchants/{{merchant_id}}", "merchants:write", ADMINISTRATION, Bound.ANY),
    Route("POST", f"{V1}/merchants/{{merchant_id}}/credits", "credits:write", ADMINISTRATION, Bound.ANY),
    Route("POST", _ACCOUNTS, "bank-accounts:write", OPERATION, Bound.ANY),
    Route("PATCH", _ACCOUNT, "bank-accounts:write", OPERATION, Bound.ANY),
    Route("DELETE", _ACCOUNT, "bank-accounts:write", OPERATION, Bound.ANY),
    Route("POST", f"{_ACCOUNT}/verification", "bank-accounts:write", OPERATION, Bound.ANY),
    Route("POST", f"{_ACCOUNT}/verification/confirm", "bank-accounts:write", OPERATION, Bound.ANY),
    # Figures, and what needs somebody
    Route("GET", f"{V1}/figures/in-flight", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/paid-today", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/failure-rate", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/waiting", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/unknown", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/lag", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/batches", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/figures/payouts", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/insights", "figures:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/attention", "payouts:read", EVERYBODY, Bound.ANY),
    # The log: a record may hold payees of many rows; they are masked as everywhere
    Route("GET", f"{V1}/log/{{topic}}/{{partition}}/{{offset}}", "log:read", TOLD, Bound.ANY),
    # The feed
    Route(SOCKET, f"{V1}/feed", "payouts:read", EVERYBODY, Bound.ANY),
    Route("GET", f"{V1}/feed/sse", "payouts:read", EVERYBODY, Bound.ANY),
    Route("POST", f"{V1}/feed/tickets", "payouts:read", EVERYBODY, Bound.ANY),
    # The operation as a whole: sums over all merchants, so only for a credential that has them all (ALL)
    Route("GET", f"{V1}/providers", "operations:read", WATCHING, Bound.ALL),
    Route("GET", f"{V1}/operations", "operations:read", WATCHING, Bound.ALL),
    # Sign-in
    Route("POST", f"{V1}/sessions", PUBLIC),
    Route("GET", f"{V1}/sessions/oidc", PUBLIC),
    Route("GET", f"{V1}/sessions/oidc/callback", PUBLIC),
    Route("GET", f"{V1}/sessions/current", SIGNED_IN),
    Route("DELETE", f"{V1}/sessions/current", SIGNED_IN),
    Route("POST", f"{V1}/sessions/current/password", SIGNED_IN),
    # Keys, people, audit
    Route("GET", f"{V1}/keys", "keys:read", BUILDING),
    Route("POST", f"{V1}/keys", "keys:write", BUILDING),
    Route("DELETE", f"{V1}/keys/{{key_id}}", "keys:write", BUILDING),
    Route("GET", f"{V1}/users", "users:read", ADMINISTRATION),
    Route("POST", f"{V1}/users", "users:write", ADMINISTRATION),
    Route("PATCH", f"{V1}/users/{{user_id}}", "users:write", ADMINISTRATION),
    Route("GET", f"{V1}/audit", "audit:read", ADMINISTRATION),
    # Records that nobody could read, of all merchants
    Route("GET", f"{V1}/dead-letters", "dead-letters:read", ADMINISTRATION),
    Route("GET", f"{V1}/dead-letters/{{letter_id}}", "dead-letters:read", ADMINISTRATION),
    Route("POST", f"{V1}/dead-letters/{{letter_id}}/redrive", "dead-letters:write", ADMINISTRATION),
    Route("POST", f"{V1}/dead-letters/{{letter_id}}/discard", "dead-letters:write", ADMINISTRATION),
    # In the profile `development` only; anywhere else these are no routes
    Route("GET", f"{DEVELOPMENT}faults", "development:use", TOLD),
    Route("PUT", f"{DEVELOPMENT}faults", "development:use", TOLD),
    Route("GET", f"{DEVELOPMENT}simulator", "development:use", TOLD),
    Route("PUT", f"{DEVELOPMENT}simulator", "development:use", TOLD),
    Route("GET", f"{DEVELOPMENT}payouts/{{payout_id}}/outcome", "development:use", TOLD, Bound.ANY),
    Route("PUT", f"{DEVELOPMENT}payouts/{{payout_id}}/outcome", "development:use", TOLD, Bound.ANY),
    # Documentation
    Route("GET", f"{V1}/schema", SIGNED_IN),
    Route("GET", f"{V1}/asyncapi", SIGNED_IN),
    Route("GET", f"{V1}/docs", SIGNED_IN),
    Route("GET", f"{V1}/redoc", SIGNED_IN),
    Route("GET", f"{V1}/docs/assets/{{name}}", SIGNED_IN),
    Route("GET", f"{V1}/docs/errors/{{code}}", SIGNED_IN),
    # Behind the inner door
    Route("GET", "/internal/in-flight/{subject}", INTERNAL),
    Route("GET", "/openapi.json", INTERNAL),
    Route("POST", "/internal/tickets/redeem", INTERNAL),
    Route("POST", "/internal/audit", INTERNAL),
    Route("POST", "/internal/acts", INTERNAL),
)

SCOPES = frozenset(route.scope for route in ROUTES if route.scope)


def scopes_of(role: Role) -> frozenset[str]:
    """Every scope that the routes of a role have."""
    return frozenset(route.scope for route in ROUTES if route.scope and role in route.roles)


class Found(NamedTuple):
    """A route and what the path says for its names in braces."""

    route: Route
    named: dict[str, str]


def find(method: str, path: str) -> Found | None:
    """The row of a request, its path in canonical spelling; None for what has no row, which is closed. HEAD is GET."""
    wanted = "GET" if method == "HEAD" else method
    found = [match for match in _at(path) if match.route.method == wanted]
    return found[0] if found else None


def methods_at(path: str) -> frozenset[str]:
    """The methods that a path has rows for; empty for an unknown address."""
    found = frozenset(match.route.method for match in _at(path) if match.route.access != INTERNAL)
    return found | {"HEAD"} if "GET" in found else found


def _at(path: str) -> list[Found]:
    """The rows whose paths match, those that spell out most of it only: `batches/upload` is no batch id."""
    parts = path.split("/")
    fitting = [
        Found(route, named)
        for template, route in _by_length().get(len(parts), ())
        if (named := _fit(template, parts)) is not None
    ]
    fewest = min((len(match.named) for match in fitting), default=0)
    return [match for match in fitting if len(match.named) == fewest]


def _fit(template: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    named: dict[str, str] = {}
    for wanted, part in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            if part in {"", ".", ".."}:
                return None
            named[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return named


@cache
def _by_length() -> dict[int, list[tuple[tuple[str, ...], Route]]]:
    found: dict[int, list[tuple[tuple[str, ...], Route]]] = {}
    for route in ROUTES:
        template = tuple(route.path.split("/"))
        found.setdefault(len(template), []).append((template, route))
    return found

"""The one matrix of role and route: nothing is open that nobody wrote down (SEC-05)."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.access.matrix import (
    DEVELOPMENT,
    INTERNAL,
    PUBLIC,
    ROUTES,
    SCOPES,
    SIGNED_IN,
    SOCKET,
    Bound,
    Role,
    find,
    methods_at,
    scopes_of,
)
from services.gateway.wiring import build_app as build_gateway
from services.identity.wiring import build_app as identity
from services.ingest.app import create_app as ingest
from services.webhooks.app import create_app as webhooks

OPEN = {
    "GET /health",
    "GET /healthz",
    "GET /livez",
    "GET /readyz",
    "POST /api/v1/sessions",
    "GET /api/v1/sessions/oidc",
    "GET /api/v1/sessions/oidc/callback",
}
"""Health and sign-in; provider callbacks come with the providers (SEC-01)."""
SPELLED_OUT = {("GET", "/api/v1/batches/upload")}
"""No batch is called `upload`: the gateway hands this on too, and it is 405."""
PASSED_ON = "/api/v1/{path:path}"
"""The gateway hands on what the matrix has admitted and another application serves."""


def gateway() -> Any:
    """The gateway with all that it can have."""
    return build_gateway(development=True)


def walked(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path of an application, also of routers inside routers."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None and not hasattr(route, "endpoint"):
            yield from walked(
                inner.routes,
                prefix + (getattr(route, "prefix", None) or getattr(route, "include_context", route).prefix or ""),
            )
        elif getattr(route, "methods", None):
            yield from ((method, prefix + route.path) for method in route.methods)
        else:
            yield SOCKET, prefix + route.path


@pytest.mark.parametrize("app", [gateway, ingest, webhooks, identity])
def test_sec_05_every_route_of_every_application_has_a_row(app: Any) -> None:
    found = (
        set(walked(app().routes))
        - SPELLED_OUT
        - {(method, PASSED_ON) for method, path in walked(app().routes) if path == PASSED_ON}
    )
    assert len(found) > 10, "the walk sees the routes"
    known = {(route.method, route.path) for route in ROUTES}
    missing = {(method, path) for method, path in found if method not in {"HEAD", "OPTIONS"}} - known
    assert missing == set(), "write down in domain/access/matrix.py who may use them"


def test_sec_05_every_row_is_a_route_of_an_application() -> None:
    served = set(walked(gateway().routes)) | set(walked(ingest().routes)) | set(walked(identity().routes))
    served |= set(walked(webhooks().routes))
    assert {(route.method, route.path) for route in ROUTES} - served == set()


def test_con_18_the_development_routes_are_no_routes_of_any_other_gateway() -> None:
    """CON-05 too."""
    served = {path for _, path in walked(build_gateway().routes)}
    development = {route.path for route in ROUTES if route.path.startswith(DEVELOPMENT)}
    assert len(development) == 3
    assert {path for path in served if path.startswith(DEVELOPMENT)} == set()


def test_sec_05_a_row_stands_once() -> None:
    rows = [(route.method, route.path) for route in ROUTES]
    assert len(rows) == len(set(rows))


def test_sec_01_what_is_open_to_everybody_is_health_and_sign_in() -> None:
    assert {f"{route.method} {route.path}" for route in ROUTES if route.access == PUBLIC} == OPEN


def test_sec_05_a_row_names_a_scope_and_roles_or_neither() -> None:
    for route in ROUTES:
        assert bool(route.scope) == bool(route.roles), route
        assert route.scope or route.access in {PUBLIC, SIGNED_IN, INTERNAL}, route
        assert route.scope is None or Role.ADMIN in route.roles, route


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("DELETE", "/api/v1/payouts"),
        ("TRACE", "/api/v1/payouts"),
        ("GET", "/api/v1/payouts/"),
        ("GET", "/api/v1/payouts/x/y"),
        ("GET", "/api/v1/payouts/.."),
        ("GET", "/api/v1/payouts//events"),
        ("GET", "/API/V1/payouts"),
        ("POST", "/health"),
        ("get", "/api/v1/payouts"),
        ("GET", ""),
    ],
)
def test_sec_05_what_has_no_row_is_closed(method: str, path: str) -> None:
    assert find(method, path) is None


def test_what_is_spelled_out_goes_before_what_is_named() -> None:
    found = find("POST", "/api/v1/batches/upload")
    assert found is not None
    assert (found.route.path, found.named) == ("/api/v1/batches/upload", {})
    one = find("HEAD", "/api/v1/batches/b1")
    assert one is not None
    assert (one.route.method, one.named) == ("GET", {"batch_id": "b1"})


def test_methods_of_an_address() -> None:
    assert methods_at("/api/v1/payouts") == {"GET", "HEAD", "POST"}
    assert methods_at("/api/v1/nothing") == frozenset()
    assert methods_at("/internal/audit") == frozenset()


def test_sec_05_what_roles_can_do() -> None:
    assert scopes_of(Role.ADMIN) == SCOPES
    assert all(scope.endswith(":read") for scope in scopes_of(Role.VIEWER))
    assert scopes_of(Role.VIEWER) < scopes_of(Role.OPERATOR) < scopes_of(Role.ADMIN)
    assert "payouts:write" not in scopes_of(Role.APPROVER) | scopes_of(Role.DEVELOPER), "who checks or builds does not pay"
    assert "users:write" not in scopes_of(Role.OPERATOR) | scopes_of(Role.APPROVER) | scopes_of(Role.DEVELOPER)


def test_sec_07_what_reveals_payees_is_for_who_may_reveal_them() -> None:
    revealing = {route.path.removeprefix("/api/v1"): route for route in ROUTES if route.reveals}
    assert set(revealing) == {"/batches/{batch_id}/result", "/uploads/{upload_id}/refused-rows"}
    for route in revealing.values():
        assert route.scope == "files:read"
        assert all("recipients:reveal" in scopes_of(role) for role in route.roles)


@pytest.mark.parametrize(
    ("scope", "roles"),
    [
        ("drafts:submit", {Role.OPERATOR, Role.ADMIN}),
        ("drafts:write", {Role.OPERATOR, Role.ADMIN}),
        ("files:read", {Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
        ("webhooks:read", {Role.OPERATOR, Role.DEVELOPER, Role.ADMIN}),
        ("webhooks:write", {Role.DEVELOPER, Role.ADMIN}),
        ("keys:write", {Role.DEVELOPER, Role.ADMIN}),
    ],
)
def test_sec_05_who_may_submit_take_files_and_change_webhooks(scope: str, roles: set[Role]) -> None:
    assert {role for role in Role if scope in scopes_of(role)} == roles


def test_every_write_of_money_needs_a_merchant_or_an_id() -> None:
    unbound = [
        route
        for route in ROUTES
        if route.scope and route.scope.startswith(("payouts", "batches", "credits", "balance")) and route.bound is Bound.FREE
    ]
    assert unbound == []

"""One OpenAPI document for all services (API-30): the gateway's reads, ingest's writes, webhooks and identity behind one door.

Owns the merge, and what the matrix of role and route says of each operation. No service knows another; here, above them, they meet. What a
reader needs besides (ids in addresses, examples, links from an answer to what can be done next) is added by `payflow.openapi_finish`.
"""

from typing import Any

from domain.access import matrix

SCHEMES = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer pk_live_...`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-payflow_session",
        "description": "A sign-in; what changes something also needs its csrf_token in the header X-CSRF-Token.",
    },
}
PROBLEMS = {"401": "A credential is required.", "403": "The credential may not do this.", "429": "Too many requests."}


def document() -> dict[str, Any]:
    """The merged OpenAPI 3.1 document."""
    from payflow import openapi_webhooks
    from payflow.openapi_finish import finished
    from services.gateway.answers import SCHEMAS
    from services.gateway.wiring import build_app
    from services.identity.wiring import build_app as build_identity
    from services.ingest.app import create_app
    from services.webhooks.app import create_app as create_webhooks

    parts = [create_webhooks().openapi(), _spec(build_identity()), _spec(build_app()), create_app().openapi()]
    merged = {**parts[2], "openapi": "3.1.0", "servers": [{"url": "/"}]}
    merged["paths"] = _with_slashes(_guarded(_joined([part["paths"] for part in parts])))
    merged["components"] = _joined([part.get("components", {}) for part in parts])
    merged["components"]["schemas"] |= SCHEMAS | dict(openapi_webhooks.forms())
    merged["webhooks"] = openapi_webhooks.webhooks()
    merged["components"]["securitySchemes"] = SCHEMES
    return finished(merged)


def development_document() -> dict[str, Any]:
    """The routes that the gateway has in the profile `development` only, by themselves: nothing of them stands in the API's document."""
    from fastapi import FastAPI

    from payflow.openapi_finish import formed
    from services.gateway.development.described import SCHEMAS
    from services.gateway.development.routes import router

    app = FastAPI(title="Payflow, development", version="1", description="Faults and the provider simulator's controls.")
    app.include_router(router)
    found = {**_spec(app), "openapi": "3.1.0", "servers": [{"url": "/"}]}
    found["paths"] = _with_slashes(_guarded(found["paths"]))
    found["components"] = {"schemas": SCHEMAS, "securitySchemes": SCHEMES}
    return formed(found)


def _guarded(paths: dict[str, Any]) -> dict[str, Any]:
    """Each operation with the credentials, the scope and the roles that the matrix has for it. Raises LookupError for one without a row."""
    rows = {(route.method, route.path): route for route in matrix.ROUTES}
    for path, item in paths.items():
        for method, operation in item.items():
            if (method.upper(), path) not in rows:
                raise LookupError(
                    f"{method.upper()} {path} has no row in domain/access/matrix.py: write down who may use it"
                )
            _guard(operation, rows[method.upper(), path])
    return paths


def _guard(operation: dict[str, Any], route: matrix.Route) -> None:
    public = route.access == matrix.PUBLIC
    operation["security"] = [] if public else [{name: []} for name in SCHEMES]
    if route.scope:
        operation["x-payflow-scope"] = route.scope
        operation["x-payflow-roles"] = sorted(role.value for role in route.roles)
    if public and not route.path.startswith(f"{matrix.V1}/sessions"):
        return
    for status, text in PROBLEMS.items():
        schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
        operation["responses"].setdefault(status, {"description": text, "content": {"application/problem+json": schema}})


def _spec(app: Any) -> dict[str, Any]:
    from fastapi.openapi.utils import get_openapi

    return get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What all of them have, one level down; of two that have the same the later one counts. Inner addresses are left out."""
    names = sorted({name for part in parts for name in part if not name.startswith("/internal")})
    return {name: {key: value for part in parts for key, value in part.get(name, {}).items()} for name in names}


def _with_slashes(paths: dict[str, Any]) -> dict[str, Any]:
    """The spelling that the documentation shows; every other spelling works too (API-02)."""
    return {path if path.count("/") == 1 else f"{path}/": item for path, item in paths.items()}

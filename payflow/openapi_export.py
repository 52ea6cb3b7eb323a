"""One OpenAPI document for all services (API-30): the gateway's reads, ingest's writes and identity behind one door.

Owns the merge, and what the matrix of role and route says of each operation. No service knows another; here, above them, they meet.
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
    from services.gateway.wiring import build_app
    from services.identity.wiring import build_app as build_identity
    from services.ingest.app import create_app

    reads, writes, people = _spec(build_app()), create_app().openapi(), _spec(build_identity())
    merged = {**reads, "openapi": "3.1.0", "servers": [{"url": "/"}]}
    paths = _guarded(_join(_join(reads["paths"], people["paths"]), writes["paths"]))
    merged["paths"] = _with_slashes(paths)
    parts = [spec.get("components", {}) for spec in (reads, writes, people)]
    names = sorted(frozenset().union(*parts))
    merged["components"] = {name: {k: v for part in parts for k, v in part.get(name, {}).items()} for name in names}
    merged["components"]["securitySchemes"] = SCHEMES
    return merged


def _guarded(paths: dict[str, Any]) -> dict[str, Any]:
    """Each operation with the credentials, the scope and the roles that the matrix has for it. Raises LookupError for one without a row."""
    rows = {(route.method, route.path): route for route in matrix.ROUTES}
    for path, item in paths.items():
        for method, operation in item.items():
            if (method.upper(), path) not in rows:
                raise LookupError(f"{method.upper()} {path} has no row in domain/access/matrix.py: write down who may use it")
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


def _join(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    public = {path for path in (*one, *other) if not path.startswith("/internal")}
    return {path: {**other.get(path, {}), **one.get(path, {})} for path in sorted(public)}


def _with_slashes(paths: dict[str, Any]) -> dict[str, Any]:
    """The spelling that the documentation shows; every other spelling works too (API-02)."""
    return {path if path.count("/") == 1 else f"{path}/": item for path, item in paths.items()}

"""One OpenAPI document for all services (API-30): the gateway's reads, ingest's writes and webhooks behind one door.

Owns the merge. Neither service knows the other; here, above both, they meet. What a reader needs besides (ids in addresses, examples,
links from an answer to what can be done next) is added by `payflow.openapi_finish`.
"""

from typing import Any


def document() -> dict[str, Any]:
    """The merged OpenAPI 3.1 document."""
    from payflow.openapi_finish import finished
    from services.gateway.answers import SCHEMAS
    from services.gateway.wiring import build_app
    from services.ingest.app import create_app
    from services.webhooks.app import create_app as create_webhooks

    reads, writes, webhooks = _spec(build_app()), create_app().openapi(), create_webhooks().openapi()
    merged = {**reads, "openapi": "3.1.0", "servers": [{"url": "/"}]}
    merged["paths"] = _with_slashes(_join(_join(reads["paths"], writes["paths"]), webhooks["paths"]))
    parts = [document.get("components", {}) for document in (webhooks, reads, writes)]
    names = sorted({name for part in parts for name in part})
    merged["components"] = {
        name: {key: value for part in parts for key, value in part.get(name, {}).items()} for name in names
    }
    merged["components"]["schemas"] |= SCHEMAS
    return finished(merged)


def _spec(app: Any) -> dict[str, Any]:
    from fastapi.openapi.utils import get_openapi

    return get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)


def _join(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    public = {path for path in (*one, *other) if not path.startswith("/internal")}
    return {path: {**other.get(path, {}), **one.get(path, {})} for path in sorted(public)}


def _with_slashes(paths: dict[str, Any]) -> dict[str, Any]:
    """The spelling that the documentation shows; every other spelling works too (API-02)."""
    return {path if path.count("/") == 1 else f"{path}/": item for path, item in paths.items()}

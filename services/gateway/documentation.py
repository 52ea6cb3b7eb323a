"""The API's documentation: one OpenAPI document for all services, Swagger UI and ReDoc from our own files (API-30).

Owns where they stand. The document is generated and checked in (`make schemas`). Must not fetch anything from another host.
"""

import functools
import re
from pathlib import Path

import fastapi_offline
import orjson
from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

import schemas
from runtime.http_problems import ProblemError
from schemas.errors import REGISTRY
from schemas.fault_codes import FAULT_CODES
from schemas.remedies import MEND, remedy_of
from services.gateway.described import described
from services.gateway.documentation_pages import REDOC, START_SWAGGER, STARTER, SWAGGER, page
from services.gateway.door import json_response

EXPORTED = Path(schemas.__file__).parent / "exported"
DOCUMENT = EXPORTED / "openapi.json"
ASYNC_DOCUMENT = EXPORTED / "asyncapi.json"
ASSETS = Path(fastapi_offline.__file__).parent / "static"
KEPT = {"Cache-Control": "public, max-age=86400"}
ASSET_NAMES = frozenset({"favicon.png", "redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"})

router = APIRouter()


@functools.cache
def _table() -> list[tuple[re.Pattern[str], frozenset[str]]]:
    """Every address of the document as a pattern, with its methods; those with fewer blanks first."""
    paths = orjson.loads(DOCUMENT.read_bytes())["paths"]
    paths = dict(sorted(paths.items(), key=lambda path: path[0].count("{")))
    return [
        (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path.rstrip("/"))), frozenset(method.upper() for method in item))
        for path, item in paths.items()
    ]


def methods_of(path: str) -> frozenset[str]:
    """The methods of a canonical path by the document, of all services, and HEAD where GET is; empty for no such address.

    An address written out is no id: `/batches/upload` is not the batch "upload".
    """
    found = next((methods for pattern, methods in _table() if pattern.fullmatch(path)), frozenset[str]())
    return found | {"HEAD"} if "GET" in found else found


@router.get("/schema", include_in_schema=False)
async def schema() -> Response:
    """The OpenAPI document."""
    return FileResponse(DOCUMENT, media_type="application/json")


@router.get("/asyncapi", include_in_schema=False)
async def asyncapi() -> Response:
    """The AsyncAPI document: the inbox, its replies, the log and the feed."""
    return FileResponse(ASYNC_DOCUMENT, media_type="application/json")


@router.get("/docs", include_in_schema=False)
async def swagger() -> Response:
    """Swagger UI."""
    return page(SWAGGER)


@router.get("/redoc", include_in_schema=False)
async def redoc() -> Response:
    """ReDoc."""
    return page(REDOC)


@router.get("/docs/assets/{name}", include_in_schema=False)
async def asset(name: str) -> Response:
    """A file of the documentation pages."""
    if name == STARTER:
        return Response(START_SWAGGER, headers=KEPT, media_type="text/javascript")
    if name not in ASSET_NAMES:
        raise ProblemError("not_found", "There is no such file.")
    return FileResponse(ASSETS / name, headers=KEPT)


@router.get("/docs/errors/{code}", summary="What an error code means", **described("get_error_code"))
async def error_code(code: str) -> Response:
    """What an error code means, also one that stands in `errors[]` alone; the `type` of every problem points here."""
    entry = REGISTRY.get(code)
    if entry is None and code in FAULT_CODES:
        return json_response({"code": code, "status": 400, "title": FAULT_CODES[code], "retryable": False, "remedy": MEND})
    if entry is None:
        raise ProblemError("not_found", "There is no such error code.")
    told = {"code": entry.code, "status": entry.status, "title": entry.title, "retryable": entry.retryable}
    return json_response({**told, "remedy": remedy_of(entry)})

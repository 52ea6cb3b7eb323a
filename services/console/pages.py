"""Answers from files: the page for every address of the console, files by their names, and what is said while there is none.

Owns the fall-back: an address without a file is one of the console's own pages, and gets index.html; a missing file of a build is 404,
never a page. Must not know the API.
"""

from aiohttp import web

from services.console.files import INDEX, File, Files
from services.console.headers import HASHED, SECURITY, caching

HOW_TO_BUILD = "cd console && npm ci && npm run build"
NOT_BUILT = f"The console is not built. Build it: {HOW_TO_BUILD}\nThe API is at /api/docs/ meanwhile.\n"


class Pages:
    """Gives files."""

    def __init__(self, files: Files) -> None:
        """Those of a build."""
        self._files = files

    async def give(self, request: web.Request) -> web.Response:
        """GET and HEAD: a file, or the page."""
        found = self._files.find(request.path) if request.path != "/" else None
        if found is None and self._is_page(request.path):
            found = self._files.find(INDEX)
            if found is None:
                return web.Response(text=NOT_BUILT, status=503, headers={**SECURITY, "Cache-Control": "no-store"})
        if found is None:
            return web.Response(
                text="There is no such file.\n", status=404, headers={**SECURITY, "Cache-Control": "no-store"}
            )
        return _given(request, found)

    def _is_page(self, path: str) -> bool:
        """An address without a file's ending, outside the folder of hashed files."""
        return not path.startswith(HASHED) and "." not in path.rpartition("/")[2]


def _given(request: web.Request, file: File) -> web.Response:
    headers = {**SECURITY, "Cache-Control": caching(file.path), "ETag": file.etag, "Vary": "Accept-Encoding"}
    held = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    if file.etag in held:
        return web.Response(status=304, headers=headers)
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    if file.packed is not None and takes_gzip:
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{file.etag}"}
        return web.Response(body=file.packed, headers={**headers, "Content-Type": file.content_type})
    return web.Response(body=file.body, headers={**headers, "Content-Type": file.content_type})

"""The line below HTTP of every service: a body comes as it is, or in chunks.

Owns which transfer codings are undone here: `chunked`, which the parser undoes. A further one, such as `gzip, chunked`, would reach the
application as it was packed, or be taken for plain (RFC 9112 6.1). Must not know any route.
"""

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_UNDONE = b"chunked"


class HttpLine(HttpToolsProtocol):
    """uvicorn's protocol, except that a body in a coding that nobody undoes is no HTTP."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. What is raised here the parser takes for its own: the answer is 400, and the line ends."""
        if name.lower() == b"transfer-encoding" and value.strip().lower() != _UNDONE:
            raise HttpParserError("a transfer coding that is not undone here")
        super().on_header(name, value)

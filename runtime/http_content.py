"""Which bodies are taken at all: of the content types that a route takes, plain, and JSON in UTF-8 (ERR-04).

Owns 415. An encoded body is none that is taken: a small compressed one can be a huge one. Must not read a body, nor know any route.
"""

from starlette.requests import HTTPConnection

from runtime.http_problems import ProblemError

JSON_TYPES = ("application/json",)
PATCH_TYPES = ("application/json", "application/merge-patch+json")
_UTF_8 = frozenset({"", "utf-8", "utf8"})


def media_type(request: HTTPConnection) -> str:
    """The content type without parameters, in lower case; empty if there is none."""
    return _plain(request.headers.get("content-type", ""))


def check_content(request: HTTPConnection, types: tuple[str, ...] = JSON_TYPES) -> None:
    """Refuse a body that is encoded, or of a type that the route does not take, or not in UTF-8 (JSON). Raises ProblemError 415.

    Of a header that was sent twice each one counts.
    """
    if any(coding.strip().lower() != "identity" for coding in request.headers.getlist("content-encoding")):
        raise _unsupported("header/Content-Encoding", "An encoded (compressed) body is not taken; send it plain.")
    named = request.headers.getlist("content-type") or [""]
    if any(_plain(one) not in types for one in named):
        raise _unsupported("header/Content-Type", f"Send the body as {' or '.join(types)}.")
    if types in (JSON_TYPES, PATCH_TYPES) and any(_charset(one) not in _UTF_8 for one in named):
        raise _unsupported("header/Content-Type", "JSON is taken in UTF-8 only.")


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""


def _unsupported(pointer: str, detail: str) -> ProblemError:
    errors = [{"pointer": pointer, "code": "unsupported_media_type", "detail": detail}]
    return ProblemError("unsupported_media_type", detail, errors=errors)

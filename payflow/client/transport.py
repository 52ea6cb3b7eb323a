"""One request over HTTP: its headers, its repeats, and what an answer means.

Owns that a request which may have been taken goes out again under the same key, never under a new one, and that reads name the last
place that this client wrote to. Must not know what is asked.
"""

import time
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx2
import msgspec

from payflow.client.errors import RefusedError, UnreachableError

T = TypeVar("T")

PREFIX = "/api/v1"
POSITION = "Payflow-Position"
LAST_PAUSE_SECONDS = 8.0
_BAD_REQUEST = 400
_ACCEPTED = 202


class Transport:
    """A pooled HTTP client with the caller's identity. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        merchant: str | None,
        api_key: str | None,
        timeout: float,
        tries: int,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`tries` bounds how often one request goes out; `timeout` in seconds holds for each."""
        named = {"X-Merchant-Id": merchant, "Authorization": f"Bearer {api_key}" if api_key else None}
        headers = {name: value for name, value in named.items() if value is not None}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._tries = tries
        self._written: str | None = None

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def read(self, path: str, kind: type[T], params: Mapping[str, object] | None = None) -> T:
        """GET as a typed form. Raises RefusedError or UnreachableError; waits while the answer is 202 (not decided yet)."""
        headers = {POSITION: self._written} if self._written else {}
        while True:
            answer = self.send("GET", path, params=_texts(params or {}), headers=headers)
            if answer.status_code != _ACCEPTED:
                return _typed(answer, kind)
            time.sleep(_pause(answer, 1))

    def write(
        self, method: str, path: str, kind: type[T], *, key: str | None, headers: Mapping[str, str], **content: Any
    ) -> T:
        """A change, under one key for all its tries, until it is decided; its answer as a typed form."""
        named = {**headers, "Idempotency-Key": key} if key is not None else dict(headers)
        while True:
            answer = self.send(method, path, headers=named, key=key, **content)
            self._written = answer.headers.get(POSITION, self._written)
            if answer.status_code != _ACCEPTED:
                return _typed(answer, kind)
            time.sleep(_pause(answer, 1))  # with its key the same request again hears the decision

    def send(self, method: str, path: str, *, key: str | None = None, **content: Any) -> httpx2.Response:
        """One request and its repeats. Raises RefusedError from 400 on, UnreachableError when nobody answers."""
        safe = method == "GET" or key is not None
        for number in range(1, self._tries + 1):
            last = number == self._tries or not safe
            try:
                answer = self._http.request(method, PREFIX + path, **content)
            except httpx2.HTTPError as error:
                if last:
                    raise UnreachableError(type(error).__name__, key) from error
                time.sleep(min(2.0 ** (number - 2), LAST_PAUSE_SECONDS))
                continue
            if answer.status_code < _BAD_REQUEST:
                return answer
            refused = RefusedError(answer.status_code, _problem(answer), key)
            if last or not refused.retryable:
                raise refused
            time.sleep(_pause(answer, number))
        raise AssertionError("unreachable: the last try returns or raises")


def _typed(answer: httpx2.Response, kind: type[T]) -> T:
    if kind is type(None) or not answer.content:
        return None  # type: ignore[return-value]
    return msgspec.json.decode(answer.content, type=kind)


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {"code": "unreadable", "detail": answer.text[:200]}


def _pause(answer: httpx2.Response, number: int) -> float:
    """Seconds until the next try: what the answer asks for, at least, and longer each time."""
    asked = answer.headers.get("Retry-After", "")
    least = float(asked) if asked.isascii() and asked.isdigit() else 0.0
    return max(least, min(0.25 * 2.0 ** (number - 1), LAST_PAUSE_SECONDS))


def _texts(params: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)

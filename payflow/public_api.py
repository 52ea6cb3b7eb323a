"""A small client of the public API for the commands of this room.

Owns addresses, headers, the key that PAYFLOW_API_KEY names, and how a problem is shown. Must not know how the product works inside.
"""

import os
from typing import Any

import httpx2

TIMEOUT_SECONDS = 40.0


class ApiError(Exception):
    """The API refused. `problem` is the problem+json body (or a stand-in), `status` the HTTP status."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        """Keeps the parts and makes the one-line text."""
        super().__init__(f"{status} {problem.get('code', 'error')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


class PublicApi:
    """Blocking calls to one gateway. Every call raises ApiError from 400 on, and httpx2.HTTPError when nobody answers."""

    def __init__(self, base_url: str) -> None:
        """`base_url` without a path, such as http://127.0.0.1:8000."""
        self.base_url = base_url
        self._client = httpx2.Client(base_url=base_url, timeout=TIMEOUT_SECONDS, headers=credential())

    def close(self) -> None:
        """Close the pooled connections."""
        self._client.close()

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """The JSON body of a GET below /api/v1."""
        return self._read(self._client.get(f"/api/v1{path}", params=_texts(params)))

    def post(self, path: str, body: object, *, merchant: str | None = None, key: str | None = None) -> dict[str, Any]:
        """The JSON body of a POST below /api/v1, for a merchant, under an idempotency key."""
        return self._read(self._client.post(f"/api/v1{path}", json=body, headers=_headers(merchant, key)))

    def upload(self, file_name: str, content: bytes, fields: dict[str, str], *, merchant: str, key: str) -> dict[str, Any]:
        """Upload a batch file; the answer comes when all of it is decided."""
        files = {"file": (file_name, content, "text/csv")}
        headers = _headers(merchant, key)
        response = self._client.post("/api/v1/batches/upload/", files=files, data=fields, headers=headers, timeout=600)
        return self._read(response)

    @staticmethod
    def _read(response: httpx2.Response) -> dict[str, Any]:
        try:
            body = response.json() if response.content else {}
        except ValueError:
            body = {"code": "unreadable", "detail": response.text[:200]}
        if response.status_code >= httpx2.codes.BAD_REQUEST:
            raise ApiError(response.status_code, body)
        return dict(body)


def credential() -> dict[str, str]:
    """The header of the key in the environment; none in open mode."""
    key = os.environ.get("PAYFLOW_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _headers(merchant: str | None, key: str | None) -> dict[str, str]:
    pairs = {"X-Merchant-Id": merchant, "Idempotency-Key": key}
    return {name: value for name, value in pairs.items() if value is not None}


def _texts(params: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}

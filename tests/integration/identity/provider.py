"""An OpenID Connect provider of the tests' own: discovery, authorization with PKCE, tokens signed by RSA, published keys.

Owns one signed-in user and the lies that it can be told to tell. Shares no code with services/identity/oidc.py.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "payflow-console", "client:secret/with+signs"


class TestProvider:
    """`lies` replace claims; `sign` is how: honest, stranger (another key under the same id), none, shared (HS256 with the public key)."""

    __test__ = False

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.stranger = RSAKey.generate_key(2048, {"kid": "one"})
        self.url = ""
        self.lies: dict[str, Any] = {}
        self.sign = "honest"
        self.codes: dict[str, dict[str, str]] = {}
        self.key_reads = 0
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    async def discovery(self, _: Request) -> Response:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return JSONResponse({"issuer": self.url, **{name: f"{self.url}/{path}" for name, path in ends.items()}})

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert "openid" in query["scope"]
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}", 302)

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        begun = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if begun is None or challenge != begun["code_challenge"] or form["redirect_uri"] != begun["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if basic != "payflow-console:client%3Asecret%2Fwith%2Bsigns":
            return JSONResponse({"error": "invalid_client"}, 401)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "subject-1", "nonce": begun["nonce"], "iat": now, "exp": now + 300}
        claims |= {"email": "Ama@Example.com", "email_verified": True, **self.lies}
        return JSONResponse(
            {
                "id_token": self._signed({k: v for k, v in claims.items() if v is not None}),
                "access_token": "x",
                "token_type": "Bearer",
            }
        )

    def _signed(self, claims: dict[str, Any]) -> str:
        match self.sign:
            case "stranger":
                return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.stranger)
            case "shared":
                head = _part({"alg": "HS256", "kid": "one"}) + "." + _part(claims)
                mac = hmac.new(self.key.as_pem(private=False), head.encode(), hashlib.sha256).digest()
                return f"{head}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
            case "none":
                return f"{_part({'alg': 'none'})}.{_part(claims)}."
        return jwt.encode({"alg": "RS256", "kid": str(self.key.kid)}, claims, self.key)

    async def keys(self, _: Request) -> Response:
        self.key_reads += 1
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[TestProvider]:
    """A provider on a port of loopback."""
    provider = TestProvider()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        provider.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(provider.app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield provider
        server.should_exit = server.force_exit = True
        await serving

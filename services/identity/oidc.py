"""OpenID Connect: sending a person to the provider, and checking what comes back (SEC-03).

Owns discovery, PKCE, the exchange of the code, and the proof of the ID token: signature by the provider's published keys, issuer,
audience, nonce, times. Asymmetric algorithms only. Must not know people or sessions.
"""

import base64
import hashlib
import urllib.parse
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from runtime.clock import Clock
from runtime.http_problems import ProblemError

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
TIMEOUT_SECONDS = 10.0
LEEWAY_SECONDS = 60
KEYS_SECONDS = 3600.0
REFRESH_SECONDS = 10.0
ANSWER_BYTES_MAX = 256 * 1024


class Claimed(Struct, frozen=True):
    """Who the provider says it is. `email` None unless the provider has verified it."""

    issuer: str
    subject: str
    email: str | None


class Provider:
    """One OpenID Connect provider."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, redirect_url: str, clock: Clock) -> None:
        """Asks nothing yet; the provider may be away when we start."""
        self._issuer, self._client_id, self._secret = issuer, client_id, client_secret
        self._redirect_url, self._clock = redirect_url, clock
        self._found: dict[str, Any] | None = None
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent. Raises ProblemError 503 when the provider is away."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_url,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        endpoint = str((await self._discovery())["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urllib.parse.urlencode(query)}"

    async def claimed(self, code: str, verifier: str, nonce: str) -> Claimed:
        """Who came back with this code. Raises ProblemError 401 for what cannot be proved, 503 when the provider is away."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_url,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        endpoint = str((await self._discovery())["token_endpoint"])
        secret = (
            httpx2.BasicAuth(urllib.parse.quote(self._client_id, ""), urllib.parse.quote(self._secret, ""))
            if self._secret
            else None
        )
        answer = await _ask("POST", endpoint, data=form, auth=secret)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise failed()
        return self._checked(await self._claims(token), nonce)

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            return dict(jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            pass  # the provider may have changed its keys
        if self._clock.monotonic() - self._keys_at < REFRESH_SECONDS:
            raise failed()
        self._keys = None
        try:
            return dict(jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            raise failed() from None

    def _checked(self, claims: dict[str, Any], nonce: str) -> Claimed:
        now = self._clock.now_ms() // 1000
        registry = jwt.JWTClaimsRegistry(
            now=lambda: now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(claims)
        except (JoseError, ValueError, TypeError):
            raise failed() from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._client_id:
            raise failed()
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Claimed(self._issuer, str(claims["sub"]), email.strip().lower() if isinstance(email, str) else None)

    async def _discovery(self) -> dict[str, Any]:
        if self._found is None:
            found = await _ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self._issuer:
                raise _away("it calls itself another issuer")
            secure = self._issuer.startswith("https:")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not str(found.get(name, "")).startswith("https:" if secure else ("https:", "http:")):
                    raise _away(f"its {name} is not usable")
            self._found = found
        return self._found

    async def _key_set(self) -> KeySet:
        now = self._clock.monotonic()
        if self._keys is None or now - self._keys_at > KEYS_SECONDS:
            found = await _ask("GET", str((await self._discovery())["jwks_uri"]))
            usable = [key for key in found.get("keys", []) if key.get("kty") in {"RSA", "EC", "OKP"}]
            self._keys, self._keys_at = KeySet.import_key_set({"keys": usable}), now
        return self._keys


def challenge(verifier: str) -> str:
    """What PKCE sends ahead of the verifier (RFC 7636, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def failed() -> ProblemError:
    """The same answer for everything that cannot be proved."""
    return ProblemError("sign_in_failed", "The sign-in could not be completed; start it again.")


def _away(why: str) -> ProblemError:
    return ProblemError("identity_unavailable", f"The OpenID Connect provider cannot be used now: {why}.")


async def _ask(method: str, url: str, **more: Any) -> dict[str, Any]:
    """One bounded call that follows no redirect."""
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            answer = await client.request(method, url, **more)
        if answer.status_code in {400, 401, 403}:
            raise failed()
        body = answer.json() if answer.status_code == 200 and len(answer.content) <= ANSWER_BYTES_MAX else None
    except (httpx2.HTTPError, ValueError) as error:
        raise _away(f"it does not answer ({type(error).__name__})") from None
    if not isinstance(body, dict):
        raise _away("its answer cannot be read")
    return body

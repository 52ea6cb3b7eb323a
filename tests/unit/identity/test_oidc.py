"""What an OpenID Connect provider has to prove, against a real one on loopback (SEC-03)."""

import time
from typing import Any

import httpx2
import pytest
from joserfc.jwk import RSAKey

from runtime.clock import ManualClock
from runtime.http_problems import ProblemError
from services.identity.oidc import Claimed, Provider, challenge
from tests.integration.identity.provider import CLIENT, SECRET, TestProvider, served

BACK = "https://localhost/api/v1/sessions/oidc/callback"
VERIFIER = "v" * 43


async def come_back(provider: Provider, nonce: str = "n-1") -> Claimed:
    """To the provider and back."""
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(await provider.address("state-1", nonce, VERIFIER))
    back = httpx2.URL(answer.headers["location"])
    assert str(back).startswith(BACK)
    assert back.params["state"] == "state-1"
    return await provider.claimed(back.params["code"], VERIFIER, nonce)


def ours(theirs: TestProvider, clock: ManualClock | None = None, **given: str) -> Provider:
    values = {"issuer": theirs.url, "client_id": CLIENT, "client_secret": SECRET, "redirect_url": BACK, **given}
    return Provider(clock=clock or ManualClock(time.time_ns() // 1_000_000), **values)


async def test_who_comes_back_is_told_with_a_verified_address() -> None:
    async with served() as theirs:
        assert await come_back(ours(theirs)) == Claimed(theirs.url, "subject-1", "ama@example.com")
        theirs.lies = {"email_verified": False}
        assert await come_back(ours(theirs)) == Claimed(theirs.url, "subject-1", None)
        theirs.lies = {"aud": [CLIENT, "another"], "azp": CLIENT}
        assert (await come_back(ours(theirs))).subject == "subject-1"


@pytest.mark.parametrize("sign", ["stranger", "none", "shared"])
async def test_sec_03_only_the_providers_own_signature_counts(sign: str) -> None:
    async with served() as theirs:
        theirs.sign = sign
        with pytest.raises(ProblemError) as refused:
            await come_back(ours(theirs))
        assert refused.value.entry.code == "sign_in_failed"


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"nbf": 99_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": ["subject-1"]},
    ],
)
async def test_sec_03_a_claim_that_does_not_fit_signs_nobody_in(lies: dict[str, Any]) -> None:
    async with served() as theirs:
        theirs.lies = lies
        with pytest.raises(ProblemError) as refused:
            await come_back(ours(theirs))
        assert refused.value.entry.code == "sign_in_failed"


async def test_sec_03_a_code_is_of_use_to_who_began_only() -> None:
    async with served() as theirs:
        provider = ours(theirs)
        async with httpx2.AsyncClient() as browser:
            code = httpx2.URL((await browser.get(await provider.address("s", "n", VERIFIER))).headers["location"]).params[
                "code"
            ]
        for verifier in ("w" * 43, VERIFIER):  # the wrong one uses it up
            with pytest.raises(ProblemError) as refused:
                await provider.claimed(code, verifier, "n")
            assert refused.value.entry.code == "sign_in_failed"
        with pytest.raises(ProblemError):
            await come_back(ours(theirs, client_secret="wrong"))


async def test_the_provider_may_change_its_keys_and_strangers_cost_it_nothing() -> None:
    async with served() as theirs:
        clock = ManualClock(time.time_ns() // 1_000_000)
        provider = ours(theirs, clock)
        await come_back(provider)
        theirs.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
        clock.advance(11_000)
        await come_back(provider)
        assert theirs.key_reads == 2
        theirs.sign = "stranger"
        for _ in range(5):
            with pytest.raises(ProblemError):
                await come_back(provider)
        assert theirs.key_reads == 2


async def test_a_provider_that_is_away_or_another_is_503() -> None:
    async with served() as theirs:
        for issuer in (theirs.url + "/", "http://127.0.0.1:1"):
            with pytest.raises(ProblemError) as refused:
                await come_back(ours(theirs, issuer=issuer))
            assert refused.value.entry.status == 503


def test_pkce_is_that_of_the_standard() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

"""Signatures, checked with the specification's own library (WHK-01, WHK-05)."""

import base64
import random

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from domain.webhooks import signing

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
BODY = '{"type":"payout.completed.v1","data":{"name":"Zoë €"}}'.encode()


def signed(secrets: list[str], at: int | None = None) -> dict[str, str]:
    import time

    return signing.headers(secrets, "msg-1", int(time.time()) if at is None else at, BODY)


def test_the_library_of_the_specification_accepts_it() -> None:
    secret = signing.secret_of(KEY)
    assert secret.startswith("whsec_")
    assert Webhook(secret).verify(BODY.decode(), signed([secret]))


def test_the_same_signature_as_the_library_makes() -> None:
    from datetime import UTC, datetime

    at = 1_767_225_600
    theirs = Webhook(signing.secret_of(KEY)).sign("msg-1", datetime.fromtimestamp(at, UTC), BODY.decode())
    assert signing.signature(KEY, "msg-1", at, BODY) == theirs


def test_while_a_secret_rotates_both_verify() -> None:
    old, new = signing.secret_of(KEY), signing.secret_of(OTHER)
    headers = signed([new, old])
    assert headers["webhook-signature"].count(" ") == 1
    for secret in (old, new):
        assert Webhook(secret).verify(BODY.decode(), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(BODY.decode(), signed([new]))


def test_a_thousand_mutations_are_refused() -> None:
    rng = random.Random(1)
    secret = signing.secret_of(KEY)
    headers = signed([secret])
    for _ in range(1000):
        body = bytearray(BODY)
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(7)
        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            Webhook(secret).verify(bytes(body).decode(), headers)


@pytest.mark.parametrize("skew", [-301, 301])
def test_an_old_or_future_time_is_refused(skew: int) -> None:
    import time

    secret = signing.secret_of(KEY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY.decode(), signed([secret], int(time.time()) + skew))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_!!",
        "abc",
        base64.b64encode(KEY).decode(),
        "whsec_" + base64.b64encode(b"short").decode(),
        "whsec_é",
    ],
)
def test_what_is_no_secret_is_refused_without_telling_it(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_") as refused:
        signing.key_of(secret)
    assert not secret or secret == "whsec_" or secret not in str(refused.value)

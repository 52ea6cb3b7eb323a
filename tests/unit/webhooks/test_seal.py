"""Signing secrets are of no use to who has the database alone."""

import pytest

from domain.webhooks.signing import secret_of
from services.webhooks.seal import Seal, SealedOtherwiseError

KEY, OTHER = "4d7e1a90b6c25f38a1d0e97c5b3f6482", "8f3b0c5d9e7a412c6b1d0f9e8a7c6b5d"
ENDPOINT, ANOTHER = "019b0000-0000-7000-8000-000000000001", "019b0000-0000-7000-8000-000000000002"
SECRET = secret_of(b"0123456789abcdef0123456789abcdef")


def test_a_sealed_secret_is_read_with_the_key_alone() -> None:
    sealed = Seal(KEY).close(SECRET, ENDPOINT)
    assert Seal(KEY).open(sealed, ENDPOINT) == SECRET
    assert SECRET.removeprefix("whsec_")[:8] not in sealed
    assert KEY not in sealed
    assert Seal(KEY).close(SECRET, ENDPOINT) != sealed, "two alike cannot be seen to be alike"


@pytest.mark.parametrize("key", [OTHER, "", KEY + "0"])
def test_no_other_key_opens_it(key: str) -> None:
    with pytest.raises(SealedOtherwiseError):
        Seal(key).open(Seal(KEY).close(SECRET, ENDPOINT), ENDPOINT)


def test_it_cannot_be_moved_to_another_endpoint_or_changed() -> None:
    sealed = Seal(KEY).close(SECRET, ENDPOINT)
    changed = sealed[:-6] + ("AAAA" if sealed[-6:-2] != "AAAA" else "BBBB") + sealed[-2:]
    for text, endpoint in ((sealed, ANOTHER), (changed, ENDPOINT)):
        with pytest.raises(SealedOtherwiseError):
            Seal(KEY).open(text, endpoint)


def test_a_secret_in_clear_from_before_is_read() -> None:
    assert Seal(KEY).open(SECRET, ENDPOINT) == SECRET


def test_without_a_key_there_is_one_for_development() -> None:
    assert Seal("").open(Seal("").close(SECRET, ENDPOINT), ENDPOINT) == SECRET

"""The law's tests hold next to nothing at hand, so that each of them packs and unpacks the payouts it is about."""

from collections.abc import Iterator

import pytest

from domain.payout import open_payouts


@pytest.fixture(autouse=True, scope="package")
def a_small_hand() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(open_payouts, "HAND_MAX", 2)
        yield

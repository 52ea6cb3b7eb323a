"""What the gateway's unit tests share."""

import orjson
import pytest

from tests.unit.gateway.front import PAYOUT_ID, SENT, Admin, Front, payout_row


@pytest.fixture
def front() -> Front:
    """A gateway with empty views."""
    return Front()


@pytest.fixture
def admin() -> Admin:
    """Keys, sign-ins and tickets that the gateway knows."""
    return Admin()


@pytest.fixture
def closed(admin: Admin) -> Front:
    """A gateway that asks for credentials, with a payout of `demo` and one of `other`."""
    front = Front(admin)
    row = payout_row(recipient=orjson.dumps(SENT))
    front.store.payouts_held = [row, {**row, "id": PAYOUT_ID[:-1] + "3", "merchant_id": "other"}]
    return front

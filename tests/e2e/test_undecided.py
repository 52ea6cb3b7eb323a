"""What clients see while nobody decides: the processor stands still (API-14, SEC-06)."""

import os
import signal
from collections.abc import Iterator

import httpx2
import pytest

from payflow.stack import Stack
from tests.e2e.api import INR_MERCHANT, MERCHANT, bank, key, post, until


@pytest.fixture
def still(stack: Stack) -> Iterator[None]:
    """The processor is stopped, and goes on afterwards."""
    pid = stack.children["processor"].process.pid
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def _asked(http: httpx2.Client, path: str) -> list[int]:
    """The statuses for anybody, for the merchant itself and for another one."""
    named: list[dict[str, str]] = [{}, {"X-Merchant-Id": MERCHANT}, {"X-Merchant-Id": INR_MERCHANT}]
    return [http.get(path, headers=headers).status_code for headers in named]


@pytest.fixture
def undecided(http: httpx2.Client, still: None) -> dict[str, str]:
    """The addresses of a payout and of a batch that are on the log and undecided."""
    found = {}
    for path, body in (("/api/v1/payouts/", bank()), ("/api/v1/batches/", {"name": "still", "rows": [bank()]})):
        answer = post(http, body, path, Prefer="wait=0", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
        assert answer.status_code == 202, answer.text
        found[path] = answer.headers["location"]
    return found


def test_api_14_and_sec_06_an_undecided_id_is_202_for_its_merchant_and_404_for_another(
    http: httpx2.Client, undecided: dict[str, str]
) -> None:
    payout, batch = undecided["/api/v1/payouts/"], undecided["/api/v1/batches/"]
    for path in (payout, f"{payout}/events/", batch, f"{batch}/rows/"):
        assert _asked(http, path) == [202, 202, 404], path
        assert http.get(path, headers={"X-Merchant-Id": "NO!"}).status_code == 400
    assert http.get(batch).headers["location"] == batch


def test_api_14_what_was_undecided_is_there_once_it_is_decided(http: httpx2.Client) -> None:
    for path, body in (("/api/v1/payouts/", bank()), ("/api/v1/batches/", {"name": "moves", "rows": [bank()]})):
        answer = post(http, body, path, Prefer="wait=0", Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
        assert answer.status_code in {201, 202}
        until(http, answer.headers["location"], lambda body: "created_at" in body)
        assert _asked(http, answer.headers["location"]) == [200, 200, 404]

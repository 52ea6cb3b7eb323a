"""The whole product, once for all end-to-end tests, on a broker and a database of the session."""

import json
import os
import urllib.request
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from payflow.public_api import PublicApi
from payflow.seed import seed
from payflow.stack import Stack

CURRENCIES = "USD,EUR,GBP,RUB,INR,UGX,JPY,KWD"
QUICK = {
    "PAYOUT_CURRENCIES": CURRENCIES,
    "SIMULATOR_PRESET": "perfect",
    "PAYOUT_PROCESSING_TIMEOUT_SECONDS": "3",
    "PAYOUT_RETRY_WAITS_SECONDS": "0.5,1",
    "PAYOUT_INQUIRY_WAITS_SECONDS": "1,2,3600",
    "PAYOUT_IN_PROGRESS_TIMEOUT_SECONDS": "30",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "1.5",
    "INBOX_UPSTREAMS": "erp:demo",
}


@pytest.fixture(scope="package")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Everything on free ports, with short waits, seeded. With PAYFLOW_DOOR=memory only the front door, over memory: quick."""
    if os.environ.get("PAYFLOW_DOOR") == "memory":
        yield from _memory_door()
        return
    database_url, kafka_bootstrap = (request.getfixturevalue(name) for name in ("database_url", "kafka_bootstrap"))
    env = {
        **QUICK,
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "PROJECTION_SCHEMA": f"e2e_{os.getpid()}",
    }
    with Stack(tmp_path_factory.mktemp("stack"), env, free_ports=True) as running:
        api = PublicApi(running.url)
        seed(api, CURRENCIES.split(","), "1000000")
        api.close()
        yield running


def _memory_door() -> Iterator[Any]:
    from tests.support.front_door import MemoryDoor

    with MemoryDoor(CURRENCIES.split(","), 1500) as door:
        api = PublicApi(door.url)
        seed(api, CURRENCIES.split(","), "1000000")
        api.close()
        yield door


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx2.Client]:
    """A client of the front door."""
    with httpx2.Client(base_url=stack.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="package")
def provider(stack: Stack) -> object:
    """The provider's own books."""

    def books() -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        after = ""
        while True:
            with urllib.request.urlopen(f"{stack.simulator_url}/books?limit=1000&after={after}") as answer:
                page = json.load(answer)["results"]
            found |= {transfer["reference"]: transfer for transfer in page}
            if len(page) < 1000:
                return found
            after = page[-1]["reference"]

    return books

"""What the browser's tests and pictures stand on: the whole product with the console, money, and rows of every kind.

Owns what is there before a page is opened. Must not know pages.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from payflow.public_api import PublicApi
from payflow.seed import DEMO, seed
from payflow.stack import Stack
from services.console.files import INDEX

ROOT = Path(__file__).parents[2]
DIST = ROOT / "console" / "dist"
CURRENCIES = "USD,EUR,GBP,RUB,INR,UGX"
SETTINGS = {
    "PAYOUT_CURRENCIES": CURRENCIES,
    "SIMULATOR_PRESET": "perfect",
    "PAYOUT_PROCESSING_TIMEOUT_SECONDS": "3",
    "PAYOUT_RETRY_WAITS_SECONDS": "0.5,1",
    "PAYOUT_INQUIRY_WAITS_SECONDS": "1,2,3600",
    "PAYOUT_IN_PROGRESS_TIMEOUT_SECONDS": "30",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "1.5",
    "FEED_HEARTBEAT_SECONDS": "2",
}
CHUNK = 500
FAILS, HANGS = "+256700000001", "+256700000003"


def is_built() -> bool:
    """Whether `make console` has been run."""
    return (DIST / INDEX.lstrip("/")).is_file()


@contextmanager
def standing(folder: Path, **more: str) -> Iterator[Stack]:
    """The product on free ports with the console, merchants and money."""
    env = {**SETTINGS, "CONSOLE_DIST": str(DIST), **more}
    with Stack(folder, env, free_ports=True, console=True) as stack:
        api = PublicApi(stack.url)
        seed(api, CURRENCIES.split(","), "100000000")
        api.close()
        yield stack


def lines_of(rows: int, tag: str, *, failing: int = 0, hanging: int = 0) -> bytes:
    """A CSV: payees that are paid, then `failing` ones that fail for good, then `hanging` ones whose outcome stays unknown."""
    lines = ["msisdn,amount,currency,reference,name"]
    for row in range(1, rows + 1):
        left = rows - row
        number = HANGS if left < hanging else FAILS if left < hanging + failing else f"+2567725{row:05d}"
        lines.append(f"{number},{1000 + row},UGX,{tag}-{row},Payee {row}")
    return "\n".join(lines).encode()


def upload(stack: Stack, name: str, content: bytes) -> dict[str, Any]:
    """A batch of the demo merchant, by file; its answer, when all of it is decided."""
    api = PublicApi(stack.url)
    try:
        return api.upload(f"{name}.csv", content, {"name": name}, merchant=DEMO, key=str(uuid.uuid4()))
    finally:
        api.close()


def pay(stack: Stack, amount: str, reference: str, number: str = "+256772999001", merchant: str = DEMO) -> str:
    """One payout in UGX; its id."""
    api = PublicApi(stack.url)
    recipient = {"type": "mobile_money", "msisdn": number, "name": "Ama Mensah"}
    body = {"amount": amount, "currency": "UGX", "recipient_details": recipient, "reference": reference}
    try:
        return str(api.post("/payouts", body, merchant=merchant, key=str(uuid.uuid4()))["id"])
    finally:
        api.close()


def open_batch(stack: Stack, name: str, rows: int) -> str:
    """A batch in UGX that takes rows and is not released; its id. Its rows are `<name>-1` and so on."""
    api = PublicApi(stack.url)
    try:
        batch = str(api.post("/batches", {"name": name}, merchant=DEMO, key=str(uuid.uuid4()))["id"])
        for first in range(1, rows + 1, CHUNK):
            chunk = [_row(name, number) for number in range(first, min(first + CHUNK, rows + 1))]
            api.post(f"/batches/{batch}/rows", {"first_row": first, "rows": chunk}, merchant=DEMO, key=str(uuid.uuid4()))
        return batch
    finally:
        api.close()


def add_failing(stack: Stack, batch: str, *, first: int, rows: int) -> None:
    """Rows that will fail for good, for a batch that takes rows still."""
    api = PublicApi(stack.url)
    try:
        chunk = [{**_row(batch[-6:], number), "recipient_details": _failing()} for number in range(first, first + rows)]
        api.post(f"/batches/{batch}/rows", {"first_row": first, "rows": chunk}, merchant=DEMO, key=str(uuid.uuid4()))
    finally:
        api.close()


def seal(stack: Stack, batch: str) -> None:
    """Release it: from now on its rows are paid."""
    api = PublicApi(stack.url)
    try:
        api.post(f"/batches/{batch}/seal", {}, merchant=DEMO, key=str(uuid.uuid4()))
    finally:
        api.close()


def _failing() -> dict[str, str]:
    return {"type": "mobile_money", "msisdn": FAILS}


def _row(name: str, number: int) -> dict[str, object]:
    payee = {"type": "mobile_money", "msisdn": f"+25677{number:07d}"}
    return {"amount": str(500 + number), "currency": "UGX", "recipient_details": payee, "reference": f"{name}-{number}"}

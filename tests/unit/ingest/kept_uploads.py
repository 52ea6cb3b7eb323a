"""Asking after files that were sent: their faults, corrections and results. Owns what these tests share beside sending a file."""

import csv
import io
from typing import Any

import httpx2

from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.test_upload import HEADER

UPLOADS = "/api/v1/uploads"
TWO_BAD = HEADER + "1.00,USD,+256772000001,Ann\nx,USD,+256772000002,Ben\n3.00,USD,+7,Zoë\n"


async def get(ingest: Ingest, path: str, merchant: str = "demo") -> httpx2.Response:
    return await ingest.client.get(path, headers={"X-Merchant-Id": merchant})


async def correct(ingest: Ingest, upload_id: str, rows: object, key: str = "c") -> httpx2.Response:
    return await ingest.post(f"/uploads/{upload_id}/corrections", rows, Idempotency_Key=key, X_Merchant_Id="demo")


def table(answer: httpx2.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def payouts(ingest: Ingest) -> list[Any]:
    return sorted(ingest.log.book.payouts.values(), key=lambda payout: payout.id)

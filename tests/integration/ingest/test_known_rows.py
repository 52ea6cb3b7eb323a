"""What the views know against a file's rows, asked of a real projection (BAT-08, BAT-11)."""

from typing import Any

import httpx2
import psycopg
import pytest

from runtime.ids import mint
from tests.support.ingest_stack import IngestStack, wait_for

pytestmark = pytest.mark.integration

HEADER = "amount,currency,msisdn,reference\n"


def upload(stack: IngestStack, merchant: str, content: str, **fields: str) -> httpx2.Response:
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": mint(), "Prefer": "wait=30"}
    with stack.client as client:
        files = {"file": ("rows.csv", content.encode(), "text/csv")}
        return client.post("/api/v1/batches/upload", files=files, data=fields, headers=headers)


def rows(*references: str) -> str:
    return HEADER + "".join(f"0.10,USD,+2567720{row:05},{reference}\n" for row, reference in enumerate(references, 1))


def told(answer: httpx2.Response) -> list[tuple[str, str]]:
    return [(fault["row"], fault["code"]) for fault in answer.json()["errors"]]


def views(stack: IngestStack, query: str, *values: object) -> list[tuple[Any, ...]]:
    options = f"-c search_path={stack.stack.environ['PROJECTION_SCHEMA']}"
    with psycopg.connect(stack.stack.database_url, options=options) as link:
        done = link.execute(query, values)  # type: ignore[call-overload]
        return done.fetchall() if done.description else []


def test_references_that_payouts_have_are_told_at_once_wherever_they_are_kept__BAT_08_IDM_08(stack: IngestStack) -> None:
    merchant = stack.merchant()
    many = [f"N-{row}" for row in range(1, 1201)]
    first = upload(stack, merchant, rows(*many))
    assert first.status_code == 201, first.text
    held = "SELECT count(*) FROM payouts WHERE merchant_id = %s AND reference IS NOT NULL"
    wait_for("the views", lambda: views(stack, held, merchant) == [(1200,)])
    views(stack, "INSERT INTO archived_references VALUES (%s, 'OLD', %s)", merchant, mint())
    answer = upload(stack, merchant, rows("new-1", "N-1", *(f"M-{row}" for row in range(1000)), "OLD", "N-1200"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows"), answer.text
    assert told(answer) == [(row, "duplicate_reference") for row in ("2", "1003", "1004")]
    mended = {"rows": [{"row": row, "cells": {"reference": f"K-{row}"}} for row in (2, 1003, 1004)]}
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": mint(), "Prefer": "wait=30"}
    with stack.client as client:
        done = client.post(answer.json()["corrections_url"].rstrip("/"), json=mended, headers=headers)
    assert done.status_code == 201, done.text
    assert done.json()["row_count"] == 1004
    other = upload(stack, stack.merchant(), rows("N-1"))
    assert other.status_code == 201, "another merchant's references are its own"


def test_references_of_a_batch_that_was_dropped_are_free_again__BAT_08(stack: IngestStack) -> None:
    merchant = stack.merchant("0.05")
    assert upload(stack, merchant, rows("N-1", "N-2")).json()["code"] == "insufficient_funds"
    dropped = "SELECT count(*) FROM payouts WHERE merchant_id = %s AND reference IS NOT NULL"
    wait_for("the views", lambda: views(stack, dropped, merchant) == [(2,)])
    again = upload(stack, merchant, rows("N-1", "N-2", "N-3"))
    assert again.json()["code"] == "insufficient_funds", again.text


def test_accounts_that_cannot_be_paid_to_are_told_at_once__BAT_08_API_28(stack: IngestStack) -> None:
    merchant, ids = stack.merchant(), [mint() for _ in range(4)]
    headers = {"X-Merchant-Id": merchant, "Prefer": "wait=30"}
    with stack.client as client:
        for account_id, verified in zip(ids[:3], (True, True, False), strict=True):
            body = {
                "id": account_id,
                "holder": "A",
                "account_number": "1234567890",
                "ifsc": "HDFC0001234",
                "verified": verified,
            }
            made = client.post(f"/api/v1/merchants/{merchant}/bank-accounts", json=body, headers=headers)
            assert made.status_code in (200, 201), made.text
        closed = client.delete(f"/api/v1/merchants/{merchant}/bank-accounts/{ids[1]}", headers=headers)
        assert closed.status_code in (200, 204), closed.text
    content = "amount,currency,bank_account_id\n" + "".join(f"1.00,INR,{account_id}\n" for account_id in ids)
    answer = upload(stack, merchant, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows"), answer.text
    details = [fault["detail"] for fault in answer.json()["errors"]]
    assert details == [
        "is a bank account that is closed",
        "is a bank account that is not verified",
        "is no bank account of this merchant",
    ]
    good = upload(stack, merchant, "".join(content.splitlines(keepends=True)[:2]))
    assert good.status_code == 201, good.text

"""A megabyte that is made to stall does not (SEC-10, ERR-04).

What counts is the processor time that gateway and ingest spend on it: rates and waits also tell of whatever else the machine does. It is printed;
the limit of 100 ms was held on a machine of two cores (docs/performance.md). A test has to hold on slow ones too, and what stalls takes many seconds.
"""

import json
import sys
import time
from pathlib import Path

import httpx2
import pytest

from payflow.stack import Stack
from tests.e2e.api import bank, post

SIZE = 1_000_000
TIMES, SECONDS = 5, 1.0
SPENDERS = ("gateway", "ingest")
TICKS = 100
"""Of /proc a second."""


def _body(**fields: object) -> bytes:
    return json.dumps({**bank(), **fields}).encode()


def _many(format_: str) -> bytes:
    return ("{" + ",".join(format_ % number for number in range(80_000)) + "}").encode()


BODIES: dict[str, bytes] = {
    "very many names": _many('"k%d":1'),
    "very many names of a payee": b'{"recipient_details":' + _many('"k%d":"v"') + b"}",
    "a long description": _body(description="x" * SIZE),
    "a long amount": _body(amount="9" * SIZE),
    "points for an amount": _body(amount="." * SIZE),
    "a long currency": _body(currency="U" * SIZE),
    "a long IBAN": _body(recipient_details={"iban": "DE" + "1" * SIZE}),
    "a long account": _body(recipient_details={"account": "1 " * (SIZE // 2)}),
    "a long phone": _body(recipient_details={"msisdn": "+" * SIZE}),
    "a long name": _body(**{"n" * SIZE: 1}),
    "a long reference": _body(reference="\u202e" * (SIZE // 6)),
    "a long number": b'{"amount_minor":' + b"9" * SIZE + b"}",
    "a long exponent": b'{"amount_minor":1e' + b"9" * SIZE + b"}",
    "brackets that open": b"[" * SIZE,
    "brackets in pairs": b"[]" * (SIZE // 2),
    "objects in a list": b"[" + b"{}," * (SIZE // 3) + b"1]",
    "numbers in a list": b"[" + b"1," * (SIZE // 2) + b"1]",
    "one name again and again": b"{" + b'"a":1,' * (SIZE // 6) + b'"a":2}',
    "quotes": b'"' * SIZE,
    "backslashes": b'"' + b"\\" * SIZE,
    "NUL escapes": b'"' + b"\\u0000" * (SIZE // 6) + b'"',
    "lone surrogates": b'"' + b"\\ud800" * (SIZE // 6) + b'"',
    "no UTF-8": b"\xff" * SIZE,
    "blanks": b" " * SIZE,
    "NUL": b"\0" * SIZE,
}


def _spent(stack: Stack) -> float:
    """Processor seconds of the services so far."""
    pids = [stack.children[name].process.pid for name in SPENDERS]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(found[11]) + int(found[12]) for found in fields) / TICKS


@pytest.mark.parametrize("name", BODIES)
def test_sec_10_a_hostile_megabyte_does_not_stall(stack: Stack, http: httpx2.Client, name: str) -> None:
    post(http, bank())
    before, took = _spent(stack), []
    for _ in range(TIMES):
        began = time.monotonic()
        answer = http.post("/api/v1/payouts/", content=BODIES[name], headers={"Content-Type": "application/json"})
        took.append(time.monotonic() - began)
        assert answer.status_code == 400, answer.text[:300]
        assert len(answer.content) < 20_000
    spent = (_spent(stack) - before) / TIMES
    sys.stdout.write(f"{name}: {spent * 1000:.0f} ms of processor, answered in {min(took) * 1000:.0f} ms at best\n")
    assert spent <= SECONDS

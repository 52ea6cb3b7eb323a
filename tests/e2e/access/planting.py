"""Canaries in files and webhooks, planted on a running stack, and a receiver that says them back (SEC-08)."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

from tests.e2e.access.conftest import Closed, payee
from tests.support.canaries import (
    CANARIES,
    DELIVERY_FILTERS,
    FORM_FIELDS,
    IBAN,
    NAME,
    PHONE,
    again_bodies,
    files,
    found_in,
    webhook_bodies,
)

FILES_STEP = 5
"""Of the files that are planted, each fifth: the columns take turns with the canaries. The unit test has them all."""

Note = Callable[[httpx2.Response], None]


def plant_files(closed: Closed, note: Note) -> None:
    """In columns and elements, in names, beside a file, in corrections."""
    http, headers = closed.http, closed.alpha.headers
    for planted in itertools.islice(files(), 0, None, FILES_STEP):
        named = {**headers, "Idempotency-Key": str(uuid.uuid4())}
        answer = http.post("/api/v1/batches/upload/", files={"file": (planted.name, planted.content)}, headers=named)
        note(answer)
        if "errors_url" in answer.json():
            told = http.get(answer.json()["errors_url"], headers=headers)
            assert found_in(told.text) == [], (planted.where, told.text)
    rows = b"amount,currency,account_number,name\nnone,USD,1234567890,Plain\n"
    for canary, field in itertools.product(CANARIES, FORM_FIELDS):
        named = {**headers, "Idempotency-Key": str(uuid.uuid4())}
        note(http.post("/api/v1/batches/upload/", files={"file": ("r.csv", rows)}, data={field: canary}, headers=named))
    for canary in CANARIES:
        body = {"rows": [{"row": 1, "cells": {"amount": canary, "name": canary}}]}
        place = f"/uploads/{closed.alpha.uploads[0]}/corrections/"
        note(closed.ask("POST", place, closed.alpha.key, body, Idempotency_Key=str(uuid.uuid4())))
        draft = {"payout": {**payee(canary), "description": canary, "amount": "none"}}
        note(closed.ask("POST", "/drafts/", closed.alpha.key, draft, Idempotency_Key=str(uuid.uuid4())))


class _Loud(BaseHTTPRequestHandler):
    """A receiver that says canaries in everything it answers."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(500, NAME)
        self.send_header("X-Why", " ".join(CANARIES))
        self.end_headers()
        self.wfile.write(" ".join(CANARIES).encode())

    def log_message(self, *_: object) -> None:
        """Not in the test's output."""


def plant_webhooks(closed: Closed, note: Note) -> None:
    """In addresses, descriptions and types, in what a receiver answers, in what is asked to be sent again."""
    key = closed.alpha.key
    for body in webhook_bodies():
        for method, path in (
            ("POST", "/webhooks/"),
            ("POST", "/webhooks/test/"),
            ("PATCH", f"/webhooks/{closed.alpha.webhooks[0]}/"),
        ):
            note(closed.ask(method, path, key, body))
    for body in again_bodies():
        note(closed.ask("POST", "/deliveries/send-again/", key, body))
    for canary, name in itertools.product(CANARIES, DELIVERY_FILTERS):
        note(closed.http.get("/api/v1/deliveries/", params={name: canary}, headers=closed.alpha.headers))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Loud) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        body = {"url": f"http://127.0.0.1:{server.server_port}/{IBAN}?q={PHONE}", "description": NAME}
        patched = closed.ask("PATCH", f"/webhooks/{closed.alpha.webhooks[0]}/", key, {**body, "enabled": True, "types": []})
        assert patched.status_code == 200, patched.text
        details = {"iban": IBAN, "name": NAME}
        made = {"amount": "1.00", "currency": "USD", "recipient_details": details}
        assert closed.ask("POST", "/payouts/", key, made, Idempotency_Key=str(uuid.uuid4())).status_code == 201
        note(closed.ask("POST", f"/webhooks/{closed.alpha.webhooks[0]}/test/", key))
        _await_answer(closed)
        server.shutdown()


def _await_answer(closed: Closed) -> None:
    """Until a try was answered with canaries."""
    deadline = time.monotonic() + 30
    while not any(row["last_status_code"] == 500 for row in _deliveries(closed)):
        assert time.monotonic() < deadline, _deliveries(closed)
        time.sleep(0.2)


def _deliveries(closed: Closed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = closed.ask("GET", "/deliveries/", closed.alpha.key).json()["results"]
    return found

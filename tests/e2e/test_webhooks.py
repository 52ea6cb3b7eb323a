"""Webhooks through the front door of the whole product: a payout is paid and its endpoint hears of it, signed (WHK-01 to WHK-05)."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
from standardwebhooks import Webhook

from tests.contract.test_webhook_forms import validator
from tests.e2e.api import bank, post, settled

Got = list[tuple[dict[str, str], bytes]]


@contextmanager
def receiver() -> Iterator[tuple[str, Got]]:
    """A receiver on this machine."""
    got: Got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()


def kinds(got: Got, payout_id: str) -> list[str]:
    bodies = [json.loads(body) for _, body in got]
    return [body["type"] for body in bodies if body["data"].get("payout", {}).get("id") == payout_id]


def delivered(http: httpx2.Client, wanted: dict[str, str]) -> list[str]:
    return [one["status"] for one in http.get("/api/v1/deliveries/", params=wanted).json()["results"]]


def until(holds: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_payout_is_told_from_pending_to_completed(http: httpx2.Client) -> None:
    with receiver() as (url, got):
        tested = post(http, {"url": url}, "/api/v1/webhooks/test/")
        assert tested.json()["ok"], tested.text
        made = post(http, {"url": url, "types": ["payout.*"]}, "/api/v1/webhooks/")
        assert made.status_code == 201, made.text
        got.clear()
        sent = bank("12.50", recipient_details={"account_number": "9988776655443456", "holder": "CANARY-NAME"})
        payout = post(http, sent).json()
        settled(http, payout["id"], "completed")
        until(lambda: kinds(got, payout["id"])[-1:] == ["payout.completed.v1"])
        assert kinds(got, payout["id"]) == ["payout.pending.v1", "payout.processing.v1", "payout.completed.v1"]
        for headers, body in got:
            assert Webhook(made.json()["secret"]).verify(
                body.decode(), {name.lower(): value for name, value in headers.items()}
            )
            validator(json.loads(body)["type"]).validate(json.loads(body))
        last = json.loads(got[-1][1])["data"]
        assert last["payout"]["recipient"] == {"type": "bank_account", "account": "XXXXXXXXXXXX3456"}
        assert b"CANARY-NAME" not in b"".join(body for _, body in got)
        assert b"998877" not in b"".join(body for _, body in got)
        mine = {"payout_id": payout["id"], "webhook_id": made.json()["id"]}  # others of the merchant may listen, and be away
        until(lambda: delivered(http, mine) == ["delivered"] * 3)
        other = http.get("/api/v1/deliveries/", params={"payout_id": payout["id"]}, headers={"X-Merchant-Id": "other"})
        assert other.json()["results"] == []
        assert http.delete(f"/api/v1/webhooks/{made.json()['id']}/").status_code == 204


def test_an_address_inside_is_refused(http: httpx2.Client) -> None:
    for url in ("http://169.254.169.254/", "http://10.0.0.1/x", "http://[::ffff:192.168.1.1]/"):
        refused = post(http, {"url": url}, "/api/v1/webhooks/")
        assert (refused.status_code, refused.json()["code"]) == (422, "webhook_address_refused")

"""The rivals' provider: a function that always pays, or, with BASELINE_PROVIDER, the product's simulator over HTTP.

Owns one kept connection per thread and both ways of asking: one call each, and 500 in one. Standard library only: it runs in the
baseline's own environment. It keeps no attempt and asks nothing again: what a rival does when an answer does not come is not measured.
"""

import functools
import http.client
import json
import os
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.rows_file import Row


class Order(NamedTuple):
    """One transfer that is asked for, under the payout's own id."""

    payout_id: str
    row: Row


def pay(order: Order) -> str:
    """The provider's reference of one. Raises RuntimeError unless it was paid."""
    if not os.environ.get("BASELINE_PROVIDER"):
        return f"p-{order.payout_id}"
    return _reference(_post("/transfers", _transfer(order)))


def pay_many(orders: Sequence[Order]) -> list[str]:
    """Of each, in their order, from one call."""
    if not os.environ.get("BASELINE_PROVIDER"):
        return [f"p-{order.payout_id}" for order in orders]
    return [
        _reference(one) for one in _post("/batchtransactions", {"transfers": [_transfer(one) for one in orders]})["results"]
    ]


class _Lines(threading.local):
    """One line per thread, opened when it is first used."""

    @functools.cached_property
    def line(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(os.environ["BASELINE_PROVIDER"].removeprefix("http://"), timeout=30)


_lines = _Lines()


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    line = _lines.line
    line.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    found: dict[str, Any] = json.loads(line.getresponse().read())
    return found


def _transfer(order: Order) -> dict[str, Any]:
    row = order.row
    payee = {"type": "mobile_money", "msisdn": row.msisdn, "name": row.name}
    return {"reference": order.payout_id, "amount": str(row.amount_minor), "currency": row.currency, "payee": payee}


def _reference(entry: dict[str, Any]) -> str:
    if entry["status"] != "paid":
        raise RuntimeError(f"the provider did not pay: {entry}")
    return str(entry["provider_reference"])

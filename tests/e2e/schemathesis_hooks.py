"""What schemathesis is told about this deployment, and one check more: a 400 names its faults.

Run by tests/e2e/test_document.py. PAYFLOW_SEEN names a file that gets a line for each answer: operation and status.
"""

import os
import re
import uuid
from pathlib import Path
from typing import Any

import httpx2
import schemathesis

KEY = "0d5f8f5e-6f5d-4a0f-9c1b-2f3f0c7e8a11"
CURRENCIES = ["USD", "EUR", "GBP", "RUB", "INR"]
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PAYOUT = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
FRESH: dict[str, tuple[str, str, dict[str, Any]]] = {
    **dict.fromkeys(("edit_payout", "replace_payout", "delete_payout", "cancel_payout"), ("payout_id", "/payouts/", PAYOUT)),
    "delete_batch": ("batch_id", "/batches/", {"name": "to be dropped"}),
}
"""operation -> (parameter, where such a thing is made, by what)."""
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "error", "message", "retryable", "trace_id", "errors"}


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Name the enabled currencies, which the document leaves to the deployment; positions of the future would only wait."""
    _narrow(raw_schema)
    for item in raw_schema["paths"].values():
        for operation in item.values():
            kept = [one for one in operation.get("parameters", []) if one["name"] != "Payflow-Position"]
            operation["parameters"] = kept


def _narrow(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("pattern") == "^[A-Z]{3}$":
            node["enum"] = CURRENCIES
            del node["pattern"]
        for child in node.values():
            _narrow(child)
    elif isinstance(node, list):
        for child in node:
            _narrow(child)


@schemathesis.check
def a_problem_is_whole(ctx: Any, response: Any, case: Any) -> None:
    """ERR-01, ERR-04: every refusal is a problem document with all members; one from before the log names its faults."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == ["application/problem+json"], response.headers
    if case.method == "HEAD":
        return
    problem = response.json()
    assert set(problem) >= MEMBERS, sorted(MEMBERS - set(problem))
    assert problem["status"] == response.status_code
    assert problem["code"] == problem["error"]
    if problem["code"] == "validation_error" and "payflow-position" not in response.headers:
        assert problem["errors"], "a 400 that names nothing"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """The document's example of a key is one key: each request that takes it gets a fresh one, or all but the first would be 409.

    A change of something that stands still finds one: those that were made a while ago are paid by now.
    """
    if case.headers.get("Idempotency-Key") == KEY:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    made = FRESH.get(case.operation.definition.raw.get("operationId", ""))
    if made is not None and UUID.fullmatch(str(case.path_parameters.get(made[0], ""))):
        name, path, body = made
        headers = {"X-Merchant-Id": "demo", "Idempotency-Key": str(uuid.uuid4())}
        case.path_parameters[name] = httpx2.post(
            f"{os.environ['PAYFLOW_URL']}/api/v1{path}", json=body, headers=headers
        ).json()["id"]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Keep what each operation answered."""
    seen = os.environ.get("PAYFLOW_SEEN")
    if seen:
        name = case.operation.definition.raw.get("operationId", case.operation.label)
        with Path(seen).open("a", encoding="utf-8") as file:
            file.write(f"{name} {response.status_code}\n")

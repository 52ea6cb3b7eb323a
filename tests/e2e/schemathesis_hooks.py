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
MERCHANT = re.compile("[a-z0-9][a-z0-9_-]{0,63}")
ACCOUNTS = {"change_bank_account", "close_bank_account", "start_verification", "confirm_verification"}
"""Operations about a saved account: each request finds one that is open, and demo's."""
PAYOUT = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
FRESH: dict[str, tuple[str, str, dict[str, Any]]] = {
    **dict.fromkeys(("edit_payout", "replace_payout", "delete_payout", "cancel_payout"), ("payout_id", "/payouts/", PAYOUT)),
    "delete_batch": ("batch_id", "/batches/", {"name": "to be dropped"}),
}
"""operation -> (parameter, where such a thing is made, by what)."""
ROWS = "msisdn,amount,currency\n+256772123456,1.00,USD\n+256772123457,{mark},USD\n"
FILES = {
    "get_upload": "upload_id",
    "get_upload_errors": "upload_id",
    "get_refused_rows": "upload_id",
    "get_result": "batch_id",
    "correct_upload": "upload_id",
}
"""operation -> the parameter that names a file; one that was refused is there for each."""
DELIVERIES = {"get_delivery", "list_attempts", "send_delivery_again"}
ELSEWHERE = {"sign-in"}
"""Tags of what needs a person or a provider: tests/integration/identity proves it."""
BEYOND_THE_DOOR = {"webhooks", "deliveries", "access", "figures", "log"}
"""Tags of the parts that the door over memory does not have, and of what is SQL or the log itself."""
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "error", "message", "retryable", "trace_id", "errors"}


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Name the enabled currencies, which the document leaves to the deployment; positions of the future would only wait."""
    _narrow(raw_schema)
    _leave_out(raw_schema)
    _open(raw_schema)
    for item in raw_schema["paths"].values():
        for operation in item.values():
            kept = [one for one in operation.get("parameters", []) if one["name"] != "Payflow-Position"]
            operation["parameters"] = kept


def _open(document: dict[str, Any]) -> None:
    """The stack of these tests is in open mode, which asks for no credential (SEC-01); tests/e2e/access shows that a closed one does."""
    document.pop("security", None)
    document.get("components", {}).pop("securitySchemes", None)
    for item in document["paths"].values():
        for operation in item.values():
            operation.pop("security", None)


def _leave_out(document: dict[str, Any]) -> None:
    """Operations of parts that are not there, and links to them."""
    tags = ELSEWHERE | (BEYOND_THE_DOOR if os.environ.get("PAYFLOW_DOOR") == "memory" else set())
    gone = {"reveal_payee"} if os.environ.get("PAYFLOW_DOOR") == "memory" else set()
    for item in document["paths"].values():
        for method, operation in list(item.items()):
            if tags & set(operation["tags"]) or operation["operationId"] in gone:
                gone.add(operation["operationId"])
                del item[method]
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                kept = {name: link for name, link in answer.get("links", {}).items() if link["operationId"] not in gone}
                answer.update({"links": kept} if "links" in answer else {})


def _narrow(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("pattern") == "^https?://[!-~]+$":
            node["enum"] = [f"http://127.0.0.1:{port}/hook" for port in range(1, 8)]
            del node["pattern"]
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
    name = case.operation.definition.raw.get("operationId", "")
    if name in FILES and UUID.fullmatch(str(case.path_parameters.get(FILES[name], ""))):
        case.path_parameters[FILES[name]] = _refused_file()
    if name in DELIVERIES and UUID.fullmatch(str(case.path_parameters.get("delivery_id", ""))):
        case.path_parameters["delivery_id"] = _delivery() or case.path_parameters["delivery_id"]
    if name in ACCOUNTS and UUID.fullmatch(str(case.path_parameters.get("bank_account_id", ""))):
        case.path_parameters.update(merchant_id="demo", bank_account_id=_account(verified=name == "confirm_verification"))
        case.headers["X-Merchant-Id"] = "demo"
    if name == "change_merchant" and MERCHANT.fullmatch(str(case.path_parameters.get("merchant_id", ""))):
        case.path_parameters["merchant_id"] = _merchant()
        case.headers.pop("X-Merchant-Id", None)
    if name == "get_log_record":
        case.path_parameters |= _record() or {}
    made = FRESH.get(name)
    if made is not None and UUID.fullmatch(str(case.path_parameters.get(made[0], ""))):
        name, path, body = made
        headers = {"X-Merchant-Id": "demo", "Idempotency-Key": str(uuid.uuid4())}
        case.path_parameters[name] = httpx2.post(
            f"{os.environ['PAYFLOW_URL']}/api/v1{path}", json=body, headers=headers
        ).json()["id"]


def _refused_file() -> str:
    """A file of demo's own, of which a row is wrong."""
    mark = uuid.uuid4()
    headers = {"X-Merchant-Id": "demo", "Idempotency-Key": str(mark)}
    files = {"file": ("rows.csv", ROWS.format(mark=mark))}
    url = f"{os.environ['PAYFLOW_URL']}/api/v1/batches/upload/"
    return str(httpx2.post(url, files=files, headers=headers).json()["upload_id"])


def _account(*, verified: bool) -> str:
    """A saved account of demo's own; of one that is verified any amounts are right."""
    body = {"holder": "Ann", "account_number": "1234567890", "verified": verified}
    return str(httpx2.post(f"{os.environ['PAYFLOW_URL']}/api/v1/merchants/demo/bank-accounts/", json=body).json()["id"])


def _merchant() -> str:
    """A merchant that nobody else needs."""
    body = {"id": f"changes-{uuid.uuid4()}", "name": "Changes"}
    return str(httpx2.post(f"{os.environ['PAYFLOW_URL']}/api/v1/merchants/", json=body).json()["id"])


def _record() -> dict[str, str] | None:
    """Where the record behind demo's newest payout stands."""
    url = f"{os.environ['PAYFLOW_URL']}/api/v1/payouts/"
    found = httpx2.get(url, params={"merchant_id": "demo", "include": "record", "limit": "1"}).json()["results"]
    place = found[0]["record"] if found else None
    return {name: str(place[name]) for name in ("topic", "partition", "offset")} if place else None


def _delivery() -> str | None:
    """The newest delivery of demo's own."""
    url = f"{os.environ['PAYFLOW_URL']}/api/v1/deliveries/"
    found = httpx2.get(url, headers={"X-Merchant-Id": "demo"}, params={"limit": "1"}).json()["results"]
    return str(found[0]["id"]) if found else None


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Keep what each operation answered."""
    seen = os.environ.get("PAYFLOW_SEEN")
    if seen:
        name = case.operation.definition.raw.get("operationId", case.operation.label)
        with Path(seen).open("a", encoding="utf-8") as file:
            file.write(f"{name} {response.status_code}\n")

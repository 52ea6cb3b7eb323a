"""The typed client against answers made up here: one key over all tries, positions, cursors, problems (docs/client.md)."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from payflow.client import Payflow, RefusedError, UnreachableError, rest, transport

PAYOUT = {
    "id": "01a1fce3-eadb-73ce-b132-dc140c212c12",
    "merchant_id": "demo",
    "amount": "1.00",
    "amount_minor": 100,
    "currency": "USD",
    "status": "pending",
    "version": 1,
    "created_at": "2026-01-31T08:00:00Z",
    "updated_at": "2026-01-31T08:00:00Z",
    "a_member_of_tomorrow": {"x": 1},
}
PROBLEM = {
    "code": "validation_error",
    "detail": "Two faults.",
    "errors": [{"pointer": "/amount", "code": "validation_error", "detail": "must be above 0"}],
}
BUSY = {"code": "log_unavailable", "detail": "Not now.", "retryable": True}
Answer = tuple[int, Any, dict[str, str]]


class Server:
    """Gives its answers in order and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | Exception] = []
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        return (
            httpx2.Response(status, json=body, headers=headers)
            if body is not None
            else httpx2.Response(status, headers=headers)
        )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(transport.time, "sleep", lambda _: None)
    return Server()


@pytest.fixture
def api(server: Server) -> Iterator[Payflow]:
    with Payflow("http://x", merchant="demo", api_key="secret", transport=httpx2.MockTransport(server)) as client:
        yield client


def test_who_asks_travels_with_every_request(server: Server, api: Payflow) -> None:
    server.answers = [(200, PAYOUT, {})]
    api.payout(PAYOUT["id"])  # type: ignore[arg-type]
    headers = server.asked[0].headers
    assert (headers["x-merchant-id"], headers["authorization"]) == ("demo", "Bearer secret")


def test_a_lost_answer_is_asked_for_again_under_the_same_key(server: Server, api: Payflow) -> None:
    server.answers = [httpx2.ReadTimeout("gone"), (503, BUSY, {"Retry-After": "1"}), (201, PAYOUT, {})]
    made = api.request_payout({"amount": "1.00", "currency": "USD"})
    assert (made.id, made.amount_minor) == (PAYOUT["id"], 100)
    assert len({request.headers["idempotency-key"] for request in server.asked}) == 1
    assert len({request.content for request in server.asked}) == 1


def test_nobody_answers_and_the_key_to_go_on_with_is_told(server: Server, api: Payflow) -> None:
    server.answers = [httpx2.ConnectError("no")] * 5
    with pytest.raises(UnreachableError) as lost:
        api.request_payout({"amount": "1.00"}, key="my-key")
    assert lost.value.key == "my-key"
    assert "my-key" in str(lost.value)


def test_a_refusal_is_not_tried_again_and_names_its_faults(server: Server, api: Payflow) -> None:
    server.answers = [(400, PROBLEM, {})]
    with pytest.raises(RefusedError) as refused:
        api.request_payout({})
    assert (refused.value.status, refused.value.code, refused.value.errors[0].pointer) == (
        400,
        "validation_error",
        "/amount",
    )
    assert len(server.asked) == 1


def test_an_undecided_payout_is_asked_for_until_it_is_decided(server: Server, api: Payflow) -> None:
    server.answers = [(202, {"id": "x", "pending": True}, {"Retry-After": "1"}), (200, PAYOUT, {})]
    assert api.request_payout({}, key="k", wait=0).status == "pending"
    assert [request.headers["idempotency-key"] for request in server.asked] == ["k", "k"]
    assert server.asked[0].headers["prefer"] == "wait=0"


def test_a_read_waits_for_what_this_client_wrote(server: Server, api: Payflow) -> None:
    server.answers = [(201, PAYOUT, {"Payflow-Position": "3:42"}), (200, PAYOUT, {})]
    api.request_payout({})
    api.payout("x")
    assert server.asked[1].headers["payflow-position"] == "3:42"


def test_a_change_of_what_was_seen_carries_the_version(server: Server, api: Payflow) -> None:
    server.answers = [(200, PAYOUT, {})]
    api.edit_payout("x", {"description": "y"}, version=3)
    assert server.asked[0].headers["if-match"] == '"3"'


def test_lists_are_read_to_their_end_by_cursor(server: Server, api: Payflow) -> None:
    server.answers = [
        (200, {"results": [PAYOUT], "next_cursor": "c1"}, {}),
        (200, {"results": [PAYOUT], "next_cursor": None}, {}),
    ]
    assert len(list(api.payouts(status=["pending", "failed"], currency=None))) == 2
    first, second = (dict(request.url.params) for request in server.asked)
    assert first == {"limit": str(rest.PAGE_ROWS), "status": "pending,failed", "cursor": ""}
    assert second["cursor"] == "c1"


def test_a_file_is_sent_from_its_start_each_time(server: Server, api: Payflow) -> None:
    batch: dict[str, Any] = {"id": "b", "merchant_id": "demo", "phase": "released", "status": "pending", "attention": "none"}
    batch |= {"row_count": 1, "counts": {}, "progress": {"done": 0, "total": 1, "percent": 0}, "created_at": "t"}
    server.answers = [(503, BUSY, {}), (201, batch, {})]
    made = api.upload_batch(io.BytesIO(b"amount,currency\n1.00,USD\n"), "a.csv", currency="USD", name="November")
    assert (made.id, made.ended) == ("b", False)
    assert all(b"1.00,USD" in request.content and b'name="currency"' in request.content for request in server.asked)


ACCOUNT: dict[str, Any] = {
    "id": "a",
    "holder": "A",
    "account_number": "XXXXXXXXXXXX5678",
    "type": "current",
    "verified": False,
}
ACCOUNT |= {"primary": False, "closed_at": None}
ACCOUNT |= {"verification": {"status": "waiting", "currency": "USD", "tries_left": 2, "started_at": "t"}}
ACCOUNT_CALLS: dict[str, tuple[Callable[[Payflow], Any], tuple[str, str, Any]]] = {
    "change": (
        lambda api: api.change_bank_account("m", "a", {"primary": True}, key="k"),
        ("PATCH", "", {"primary": True}),
    ),
    "start": (lambda api: api.start_verification("m", "a", key="k"), ("POST", "verification/", {})),
    "start in a currency": (
        lambda api: api.start_verification("m", "a", currency="INR", key="k"),
        ("POST", "verification/", {"currency": "INR"}),
    ),
    "confirm": (
        lambda api: api.confirm_verification("m", "a", ("0.01", "0.02"), key="k"),
        ("POST", "verification/confirm/", {"amounts": ["0.01", "0.02"]}),
    ),
}


@pytest.mark.parametrize("name", ACCOUNT_CALLS)
def test_api_28_a_saved_account_is_changed_and_verified(server: Server, api: Payflow, name: str) -> None:
    call, (method, path, body) = ACCOUNT_CALLS[name]
    server.answers = [(200, ACCOUNT, {})]
    known = call(api).verification
    assert (known.status, known.tries_left) == ("waiting", 2)
    asked = server.asked[0]
    assert (asked.method, asked.url.path) == (method, f"/api/v1/merchants/m/bank-accounts/a/{path}")
    assert (json.loads(asked.content), asked.headers["idempotency-key"]) == (body, "k")


def test_api_27_a_merchant_is_changed(server: Server, api: Payflow) -> None:
    server.answers = [(200, {"id": "m", "name": "M", "main_currency": "USD", "idempotency_key_required": True}, {})]
    assert api.change_merchant("m", {"idempotency_key_required": True}).idempotency_key_required
    assert (server.asked[0].method, server.asked[0].url.path) == ("PATCH", "/api/v1/merchants/m/")


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.cancel_payout("x", "why"),
        lambda api: api.cancel_batch("x"),
        lambda api: api.close_bank_account("m", "a"),
    ],
)
def test_what_answers_nothing_gives_none(server: Server, api: Payflow, call: Callable[[Payflow], None]) -> None:
    server.answers = [(204, None, {})]
    assert call(api) is None


def test_what_is_no_problem_document_is_told_all_the_same(server: Server, api: Payflow) -> None:
    def page(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(502, text="<html>Bad gateway</html>")

    with Payflow("http://x", transport=httpx2.MockTransport(page)) as other, pytest.raises(RefusedError) as refused:
        other.balance()
    assert (refused.value.code, refused.value.status) == ("unreadable", 502)
    assert json.dumps(refused.value.problem)


def test_rows_that_stay_out_are_told_as_what_they_are__BAT_09(server: Server, api: Payflow) -> None:
    fault = {"pointer": "/rows/1/amount", "code": "validation_error", "detail": "must be above 0", "row": "2"}
    refused = {"row_count": 1, "fault_count": 1, "errors": [fault]}
    added = {"batch_id": "b", "first_row": 1, "rows": 1, "row_count": 1, "version": 2, "refused_rows": refused}
    server.answers = [(200, added, {})]
    told = api.add_rows("b", [{"amount": "1.00"}, {"amount": "0"}], 1, on_invalid_rows="accept_valid").refused_rows
    assert json.loads(server.asked[0].content)["on_invalid_rows"] == "accept_valid"
    assert told is not None
    assert (told.row_count, told.errors[0].row, told.errors[0].pointer) == (1, "2", "/rows/1/amount")

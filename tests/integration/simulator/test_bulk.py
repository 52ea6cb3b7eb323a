"""The simulator's bulk dialect: many in one request, each by its own reference, durable before the reply (SIM-01, SIM-03)."""

import concurrent.futures
import time
from typing import Any

import httpx2

from tests.integration.simulator.test_process import Simulator, _body, simulator

__all__ = ["simulator"]


def _magic(number: int) -> dict[str, Any]:
    return _body(f"+25670000{number:04d}")


def _send(simulator: Simulator, *bodies: Any, **more: Any) -> httpx2.Response:
    return simulator.http.post("/batchtransactions", json={"transfers": bodies}, **more)


def _told(simulator: Simulator, *bodies: Any) -> list[dict[str, Any]]:
    answer = _send(simulator, *bodies)
    assert answer.status_code == 200
    return list(answer.json()["results"])


def _asked(simulator: Simulator, *bodies: Any) -> list[dict[str, Any]]:
    references = [body["reference"] for body in bodies]
    answer = simulator.http.post("/batchtransactions/inquiry", json={"references": references})
    assert answer.status_code == 200
    assert [entry["reference"] for entry in answer.json()["results"]] == references
    return list(answer.json()["results"])


def _statuses(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["status"] for entry in entries]


def test_five_hundred_are_paid_once_in_order_whatever_comes_again(simulator: Simulator) -> None:
    bodies = [_body(f"+2567721{n:05d}", f"{n + 1}.00") for n in range(500)]
    first = _told(simulator, *bodies)
    assert [(entry["reference"], entry["amount"]) for entry in first] == [(b["reference"], b["amount"]) for b in bodies]
    assert set(_statuses(first)) == {"paid"}
    assert _told(simulator, *bodies) == _asked(simulator, *bodies) == first
    assert simulator.http.post("/transfers", json=bodies[7]).json() == first[7]
    assert simulator.http.get("/books/summary").json()["results"] == [{"status": "paid", "currency": "USD", "count": 500}]


def test_kill_9_after_the_reply_keeps_the_books(simulator: Simulator) -> None:
    bodies = [_body() for _ in range(500)]
    told = _told(simulator, *bodies)
    assert simulator.process is not None
    simulator.process.kill()
    simulator.process.wait()
    simulator.start()
    assert _asked(simulator, *bodies) == told


def test_the_same_transfers_at_the_same_time_are_booked_once(simulator: Simulator) -> None:
    bodies = [_body() for _ in range(200)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: _told(simulator, *bodies), range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert simulator.http.get("/books/summary").json()["results"] == [{"status": "paid", "currency": "USD", "count": 200}]


def test_what_is_wrong_with_one_is_told_in_its_place(simulator: Simulator) -> None:
    old, good = _body(), _body()
    simulator.http.post("/transfers", json=old)
    bad = {**_body(), "payee": {}}
    told = _told(simulator, {**old, "amount": "11.00"}, good, bad, 5, good, {**good, "amount": "9.00"})
    assert [(entry["status"], entry.get("code")) for entry in told] == [
        ("refused", "duplicate_reference"),
        ("paid", None),
        ("refused", "bad_request"),
        ("refused", "bad_request"),
        ("paid", None),
        ("refused", "duplicate_reference"),
    ]
    assert (told[2]["reference"], told[2]["amount"]) == (bad["reference"], "10.00")
    assert simulator.http.get("/books/summary").json()["results"] == [{"status": "paid", "currency": "USD", "count": 2}]


def test_a_request_that_is_no_list_is_400(simulator: Simulator) -> None:
    for path in ("/batchtransactions", "/batchtransactions/inquiry"):
        for body in (
            b"",
            b"[]",
            b"{}",
            b'{"transfers":[]}',
            b'{"transfers":{}}',
            b'{"references":[]}',
            b'{"references":[1]}',
        ):
            assert simulator.http.post(path, content=body).status_code == 400


def test_more_than_500_or_too_many_bytes_are_400_and_nothing_is_booked(simulator: Simulator) -> None:
    many = [_body() for _ in range(501)]
    assert _send(simulator, *many).status_code == 400
    assert _send(simulator, *({**body, "description": "x" * 9000} for body in many[:500])).status_code == 400
    assert simulator.http.post("/batchtransactions/inquiry", json={"references": ["r"] * 501}).status_code == 400
    assert simulator.http.get("/books/summary").json()["results"] == []


def test_an_inquiry_says_of_each_whether_it_is_there(simulator: Simulator) -> None:
    bodies = [_body() for _ in range(3)]
    _told(simulator, bodies[1])
    assert _statuses(_asked(simulator, *bodies)) == ["not_found", "paid", "not_found"]


def test_magic_payees_keep_their_meaning_and_spoil_only_their_own_entry(simulator: Simulator) -> None:
    bodies = {number: _magic(number) for number in range(1, 17)}
    plain = [_body(), _body()]
    started = time.monotonic()
    told = {
        entry["reference"]: entry
        for entry in _told(simulator, plain[0], *bodies.values(), plain[1])
        if isinstance(entry, dict)
    }
    assert time.monotonic() - started < 3, "a slow one does not hold up the others"
    said = {number: told.get(body["reference"], {}).get("status") for number, body in bodies.items()}
    assert said == {
        1: "failed", 2: "failed", 3: "in_progress", 4: None, 5: "in_progress", 6: None, 7: "failed", 8: "error",
        9: "error", 10: None, 11: "paid", 12: "in_progress", 13: "in_progress", 14: "refused", 15: "in_progress", 16: "in_progress",
    }  # fmt: skip
    assert told[str(bodies[11]["reference"])]["amount"] == "1"
    assert told[str(bodies[14]["reference"])]["code"] == "too_many_requests"
    assert [told[str(body["reference"])]["status"] for body in plain] == ["paid", "paid"]
    truth = dict(zip(bodies, _statuses(_asked(simulator, *bodies.values())), strict=True))
    assert {number for number, status in truth.items() if status == "not_found"} == {6, 8, 14}
    assert all(truth[number] == "paid" for number in (4, 9, 10, 11, 13, 15))
    again = dict(zip(bodies, _statuses(_told(simulator, *bodies.values())), strict=True))
    assert all(again[number] == "paid" for number in (6, 8, 14)), "the second time they arrive"


def test_a_payee_that_fails_twice_counts_within_one_request(simulator: Simulator) -> None:
    assert _statuses(_told(simulator, *(_magic(2) for _ in range(4)))) == ["failed", "failed", "paid", "paid"]


def test_some_payees_spoil_the_whole_reply_once_and_the_books_know_better(simulator: Simulator) -> None:
    said = {}
    for number in range(17, 21):
        bodies = [_body(), _magic(number), _body()]
        said[number] = _heard(simulator, *bodies)
        assert _statuses(_asked(simulator, *bodies)) == ["paid"] * 3
        assert _statuses(_told(simulator, *bodies)) == ["paid"] * 3
    assert said == {17: "lost", 18: "error", 19: "garbage", 20: "cut"}


def _heard(simulator: Simulator, *bodies: Any) -> str:
    """How the reply was spoilt."""
    try:
        answer = _send(simulator, *bodies)
    except httpx2.TransportError as error:
        return "cut" if "complete message" in str(error) else "lost"
    return "error" if answer.status_code == 500 else "garbage" if answer.content[:1] == b"<" else "honest"


def test_a_preset_can_spoil_a_share_of_the_replies(simulator: Simulator) -> None:
    simulator.http.put("/control/preset", json={"preset": "perfect", "bulk_trouble_rate": 1.0})
    assert {_heard(simulator, _body(), _body()) for _ in range(40)} == {"lost", "error", "garbage", "cut"}
    assert simulator.http.put("/control/preset", json={"bulk_trouble_rate": 2}).status_code == 400

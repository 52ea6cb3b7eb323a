"""What becomes of people and keys, and why (SEC-02, SEC-03)."""

from typing import Any

import pytest
from msgspec import UNSET

from domain.access.changes import PersonChange, read_end, read_person_change

CONTROL = "\x07"


def test_a_change_says_what_it_changes_and_why() -> None:
    assert read_person_change({"active": False, "reason": "left the company"}) == PersonChange(
        active=False, reason="left the company"
    )
    assert read_person_change({}) == PersonChange(name=UNSET, active=UNSET, grants=UNSET, password=UNSET, reason=None)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ([], ""),
        ("closed", ""),
        ({"name": ""}, "/name"),
        ({"active": "no"}, "/active"),
        ({"active": None}, "/active"),
        ({"grants": []}, "/grants"),
        ({"grants": None}, "/grants"),
        ({"password": "short"}, "/password"),
        ({"password": None}, "/password"),
        ({"reason": 5}, "/reason"),
        ({"reason": "x" * 257}, "/reason"),
        ({"reason": f"bell{CONTROL}"}, "/reason"),
        ({"reason": "two\nlines"}, "/reason"),
        ({"email": "b@c.de"}, "/email"),
    ],
)
def test_a_bad_change_names_the_field(change: Any, pointer: str) -> None:
    read = read_person_change(change)
    assert isinstance(read, list)
    assert [fault.pointer for fault in read] == [pointer]


def test_all_faults_of_a_change_are_told_at_once() -> None:
    read = read_person_change({"name": "", "active": 1, "grants": 2, "password": 3, "reason": 4, "more": 5})
    assert isinstance(read, list)
    assert {fault.pointer for fault in read} == {"/name", "/active", "/grants", "/password", "/reason", "/more"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [({}, None), ({"reason": None}, None), ({"reason": ""}, ""), ({"reason": "x" * 256}, "x" * 256)],
)
def test_why_something_ends_may_be_left_out(body: object, reason: str | None) -> None:
    assert read_end(body) == reason


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (None, [""]),
        ("lost", [""]),
        ([], [""]),
        ({"reason": ["lost"]}, ["/reason"]),
        ({"reason": "x" * 257}, ["/reason"]),
        ({"reason": f"lost{CONTROL}"}, ["/reason"]),
        ({"why": "lost"}, ["/why"]),
        ({"why": "lost", "reason": 1}, ["/why", "/reason"]),
    ],
)
def test_a_bad_reason_is_named(body: object, pointers: list[str]) -> None:
    read = read_end(body)
    assert isinstance(read, list)
    assert [fault.pointer for fault in read] == pointers

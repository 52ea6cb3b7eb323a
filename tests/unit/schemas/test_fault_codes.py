"""One registry of codes feeds API, console and docs (ERR-05): no code is told that the docs do not know."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import REGISTRY
from schemas.fault_codes import FAULT_CODES
from services.ingest.files.xlsx import _LOST

ROOT = Path(__file__).resolve().parents[3]
MAKERS = {"Fault", "ProblemError", "refused", "_fault"}


def _codes() -> Iterator[tuple[str, str]]:
    """Every literal that is given as a code to what makes faults and problems: place and code."""
    for folder in ("domain", "runtime", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield from ((f"{path.name}:{node.lineno}", code) for code in _codes_of(node))


def _codes_of(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    given = [keyword.value for keyword in call.keywords if keyword.arg == "code" and name in MAKERS]
    if name == "ProblemError" and call.args:
        given.append(call.args[0])
    if name == "fault" and isinstance(call.func, ast.Attribute) and len(call.args) > 1:
        given.append(call.args[1])
    yield from (
        value.value
        for value in given
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.isidentifier()
    )


def test_every_code_in_the_source_is_registered__ERR_05() -> None:
    known = REGISTRY.keys() | FAULT_CODES.keys()
    found = list(_codes())
    assert {code for _, code in found} >= {
        "schema_invalid",
        "ragged_row",
        "not_found",
        "header_invalid",
    }  # the scan sees them
    assert [(place, code) for place, code in found if code not in known] == []
    assert known >= _LOST.keys()


@pytest.mark.parametrize("code", FAULT_CODES)
def test_a_code_has_one_meaning__ERR_05(code: str) -> None:
    assert code not in REGISTRY
    assert FAULT_CODES[code].endswith(".")


def test_the_codes_of_the_list_are_registered__ERR_02() -> None:
    named = {
        "validation_error": 400,
        "insufficient_funds": 402,
        "not_found": 404,
        "idempotency_conflict": 409,
        "idempotency_in_flight": 409,
        "duplicate_reference": 409,
        "invalid_state_transition": 409,
        "version_conflict": 409,
        "plan_changed": 409,
        "limit_exceeded": 422,
    }
    assert {code: REGISTRY[code].status for code in named} == named
    assert {entry.status for entry in REGISTRY.values()} >= {
        400,
        401,
        402,
        403,
        404,
        405,
        409,
        412,
        413,
        415,
        422,
        428,
        429,
        503,
    }

"""What the provider tells is in its books first: each standing of a bulk reply as that of a single one, and nothing that nobody could read."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local import processes
from tests.integration.simulator.test_process import Simulator, _body


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setenv("SIMULATOR_KEEP_SAID", "true")
    running = Simulator(tmp_path)
    running.start()
    yield running
    assert running.process is not None
    processes.stop(running.process)


def _said(simulator: Simulator) -> list[tuple[Any, ...]]:
    with sqlite3.connect(simulator.folder / "books.sqlite") as books:
        return list(books.execute("SELECT reference, call, status, code FROM said ORDER BY number"))


def _magic(number: int) -> dict[str, Any]:
    return _body(f"+25670000{number:04d}")


def test_single_and_bulk_words_are_kept_alike(simulator: Simulator) -> None:
    paid, failed = _body(), _magic(1)
    references = [paid["reference"], failed["reference"]]
    for body in (paid, failed):
        simulator.http.post("/transfers", json=body)
        simulator.http.get(f"/transfers/{body['reference']}")
    simulator.http.post("/batchtransactions", json={"transfers": [paid, failed]})
    simulator.http.post("/batchtransactions/inquiry", json={"references": [*references, "nowhere"]})
    told = [(references[0], "paid", None), (references[1], "failed", "payee_unknown")]
    one_by_one = [(reference, call, *word) for reference, *word in told for call in ("send", "inquire")]
    together = [(reference, call, *word) for call in ("send", "inquire") for reference, *word in told]
    assert _said(simulator) == one_by_one + together


def test_of_a_bulk_reply_only_standings_are_words(simulator: Simulator) -> None:
    bodies = [_body(), {}, *(_magic(number) for number in (3, 4, 6, 8, 10))]
    simulator.http.post("/batchtransactions", json={"transfers": bodies})
    assert _said(simulator) == [
        (bodies[0]["reference"], "send", "paid", None),
        (bodies[2]["reference"], "send", "in_progress", None),
    ]


@pytest.mark.parametrize("number", [17, 18, 19, 20])
def test_a_reply_that_is_spoilt_as_a_whole_says_nothing(simulator: Simulator, number: int) -> None:
    bodies = [_body(), _magic(number)]
    with contextlib.suppress(httpx2.TransportError, ValueError):
        simulator.http.post("/batchtransactions", json={"transfers": bodies}).json()
    assert _said(simulator) == []

"""A plain read right after a write shows it: the read waits for it, not the write (DESIGN, "Read your writes")."""

import asyncio
from typing import Any

import pytest

from services.gateway import door, lately_written
from services.gateway.lately_written import LatelyWritten
from tests.unit.gateway.front import PAYOUT_ID, Front, payout_row

PATH = f"/api/v1/payouts/{PAYOUT_ID}"


def test_the_furthest_place_of_a_merchant_counts_whatever_order_the_answers_have() -> None:
    written = LatelyWritten()
    for place in [(3, 7), (3, 9), (3, 8)]:
        written.note("demo", place)
    assert written.places("demo") == [(3, 9)]
    assert written.places("other") == []
    assert written.places(None) == [(3, 9)]


def test_who_named_no_merchant_may_have_written_for_any() -> None:
    written = LatelyWritten()
    written.note(None, (5, 2))
    written.note("demo", (3, 4))
    assert sorted(written.places("demo")) == [(3, 4), (5, 2)]
    assert sorted(written.places(None)) == [(3, 4), (5, 2)]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately_written, "MERCHANTS_MAX", 3)
    written = LatelyWritten()
    for number in range(5):
        written.note(f"m{number}", (0, number))
    assert [written.places(f"m{number}") for number in range(5)] == [[], [], [(0, 2)], [(0, 3)], [(0, 4)]]


async def _read(front: Front, **headers: str) -> Any:
    return await front.get(PATH, **headers)


async def test_a_plain_read_waits_for_what_its_merchant_wrote(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PLAIN_WAIT_SECONDS", 5.0)
    front.progress.next_offset[3] = 10
    front.progress.written.note("demo", (3, 10))
    for headers in ({"X_Merchant_Id": "demo"}, {}):
        front.store.payouts_held, front.progress.next_offset[3] = [], 10
        reading = asyncio.create_task(_read(front, **headers))
        await asyncio.sleep(0.02)
        assert not reading.done()
        front.store.payouts_held = [payout_row()]
        await front.progress._advance(3, 11)
        assert (await reading).status_code == 200


async def test_nobody_waits_for_another_merchants_write(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PLAIN_WAIT_SECONDS", 5.0)
    front.progress.written.note("other", (3, 10))
    front.store.payouts_held = [payout_row()]
    async with asyncio.timeout(1):
        assert (await _read(front, X_Merchant_Id="demo")).status_code == 200


async def test_a_plain_read_does_not_wait_for_ever(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PLAIN_WAIT_SECONDS", 0.01)
    front.progress.written.note("demo", (3, 10))
    async with asyncio.timeout(2):
        assert (await _read(front, X_Merchant_Id="demo")).status_code == 404


async def test_a_request_about_something_that_was_written_waits_before_it_goes_on(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PLAIN_WAIT_SECONDS", 5.0)
    front.progress.next_offset[3] = 10
    front.progress.written.note("demo", (3, 10))
    canceling = asyncio.create_task(front.ask("POST", f"{PATH}/cancel/", X_Merchant_Id="demo"))
    await asyncio.sleep(0.02)
    assert not canceling.done()
    async with asyncio.timeout(1):  # a new one waits for nothing
        await front.ask("POST", "/api/v1/payouts/", X_Merchant_Id="demo", body={})
    await front.progress._advance(3, 11)
    async with asyncio.timeout(1):
        await canceling

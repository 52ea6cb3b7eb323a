"""Rows that only the views know to be wrong: told all at once before anything is on the log, and corrected like others (BAT-08, BAT-11)."""

import asyncio
import threading
from typing import Any

import pytest

from schemas.commands import AddBankAccount, CloseBankAccount
from services.ingest import file_submission, known_rows
from services.ingest.files import names
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.names import Names
from services.ingest.problems import ProblemError
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import correct, get, payouts, table
from tests.unit.ingest.test_upload import THREE, upload

HEADER = "amount,currency,msisdn,Ref\n"
GONE = "aaaaaaaa-0001-4000-8000-00000000000"
"""And a digit."""


def rows(*references: str) -> str:
    return HEADER + "".join(f"0.10,USD,+2567720{row:05},{reference}\n" for row, reference in enumerate(references, 1))


def many(**named: str) -> str:
    """700 rows, each with a reference of its own unless one is named for it (`r3="X"`)."""
    return rows(*(named.get(f"r{row}", f"N-{row}") for row in range(1, 701)))


async def taken(ingest: Ingest, reference: str, key: str) -> str:
    answer = await ingest.pay({**ingest.good, "amount": "1.00", "reference": reference}, Idempotency_Key=key)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def told(answer: Any) -> list[tuple[str, str, str]]:
    return [(fault["row"], fault["column"], fault["code"]) for fault in answer.json()["errors"]]


async def test_references_of_earlier_payouts_are_told_all_at_once_and_corrected__BAT_08_BAT_11(ingest: Ingest) -> None:
    first, second = await taken(ingest, "A", "a"), await taken(ingest, "B", "b")
    before = len(ingest.log.commands)
    answer = await upload(ingest, many(r3="A", r690="B", r691="B").replace("+256772000700,", "+7,"), merchant="demo")
    assert (answer.status_code, answer.json()["code"], answer.json()["fault_count"]) == (400, "invalid_rows", 4)
    assert told(answer) == [
        ("3", "Ref", "duplicate_reference"),
        ("690", "Ref", "duplicate_reference"),
        ("691", "Ref", "duplicate_reference"),
        ("700", "msisdn", "validation_error"),
    ]
    details = [fault["detail"] for fault in answer.json()["errors"][:3]]
    assert [one.split()[5] for one in details] == [first, second, second]
    assert len(ingest.log.commands) == before, "nothing is on the log"
    listed = table(await get(ingest, answer.json()["refused_rows_url"].rstrip("/")))
    assert [row[0] for row in listed[1:]] == ["3", "690", "691", "700"]
    mended = [{"row": row, "cells": {"reference": f"M-{row}", "msisdn": "+256772000700"}} for row in (3, 690, 691, 700)]
    done = await correct(ingest, answer.json()["upload_id"], {"rows": mended})
    assert (done.status_code, done.json()["row_count"]) == (201, 700), done.text


async def test_a_wrong_row_with_a_taken_reference_has_both_faults__BAT_08(ingest: Ingest) -> None:
    await taken(ingest, "A", "a")
    answer = await upload(ingest, rows("A").replace("0.10", "x"), merchant="demo")
    assert told(answer) == [("1", "amount", "validation_error"), ("1", "Ref", "duplicate_reference")]


async def test_rows_with_taken_references_stay_out_by_themselves__BAT_09(ingest: Ingest) -> None:
    await taken(ingest, "A", "a")
    answer = await upload(
        ingest, many(r3="A", r9="A"), merchant="demo", on_invalid_rows="accept_valid", total="70.00", currency="USD"
    )
    assert (answer.status_code, answer.json()["row_count"], answer.headers["payflow-refused-rows"]) == (201, 698, "2")


@pytest.mark.parametrize("page", [4000, 100])
async def test_a_file_that_was_taken_before_is_told_as_that__BAT_06(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(names, "PAGE_ROWS", page)
    assert (await upload(ingest, many(), merchant="demo")).status_code == 201
    again = await upload(ingest, many(), key="v", merchant="demo")
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_file")
    meant = await upload(ingest, many(), key="w", merchant="demo", override_duplicate="sent twice on purpose")
    assert (meant.status_code, meant.json()["code"], meant.json()["fault_count"]) == (400, "invalid_rows", 700)


async def test_a_file_that_broke_off_goes_on_over_its_own_references__BAT_11(ingest: Ingest) -> None:
    append, sent = ingest.log.append_whole, 0

    async def breaks_off(records: Any) -> Any:
        nonlocal sent
        sent += 1
        ingest.log.down = sent == 2
        return await append(records)

    ingest.log.append_whole = breaks_off  # type: ignore[method-assign]
    assert (await upload(ingest, many(), merchant="demo")).status_code == 503
    assert payouts(ingest), "half of it is there"
    mended = await upload(ingest, many(), merchant="demo")
    assert (mended.status_code, mended.json()["row_count"]) == (201, 700), mended.text
    assert [size for size in ingest.store.asked if size] == [700, 700]


@pytest.mark.parametrize("away", ["down", "lags"])
async def test_where_the_views_say_nothing_the_processor_judges__BAT_08(ingest: Ingest, away: str) -> None:
    await taken(ingest, "A", "a")
    asked, ingest.store.asked = ingest.store.taken_references, []

    async def one_way(*of: Any) -> dict[str, str]:
        setattr(ingest.store, away, True)
        try:
            return await asked(*of)
        finally:
            setattr(ingest.store, away, False)

    ingest.store.taken_references = one_way  # type: ignore[method-assign]
    answer = await upload(ingest, many(r690="A"), merchant="demo")
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_reference")
    assert told(answer) == [("690", "reference", "duplicate_reference")]


async def test_a_file_without_names_asks_nothing(ingest: Ingest) -> None:
    assert (await upload(ingest, THREE, merchant="demo")).status_code == 201
    assert (await upload(ingest, rows("", ""), key="v", merchant="demo")).status_code == 201
    assert ingest.store.asked == []


async def test_many_references_are_asked_for_in_pages(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "PAGE_ROWS", 300)
    await taken(ingest, "A", "a")
    answer = await upload(ingest, many(r300="A", r301="A", r700="A"), merchant="demo")
    assert [row for row, _, _ in told(answer)] == ["300", "301", "700"]
    assert ingest.store.asked == [300, 300, 100]


async def test_of_a_large_file_is_asked_while_its_rows_are_still_read(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "PAGE_ROWS", 300)
    check, ask, asked = file_submission.check_file, ingest.store.taken_references, threading.Event()

    def long_check(*of: Any) -> None:
        check(*of)
        assert asked.wait(30)

    async def telling(*of: Any) -> dict[str, str]:
        asked.set()
        return await ask(*of)

    monkeypatch.setattr(file_submission, "check_file", long_check)
    monkeypatch.setattr(ingest.store, "taken_references", telling)
    await taken(ingest, "A", "a")
    before = len(ingest.log.commands)
    answer = await upload(ingest, many(r2="A", r301="A", r700="A"), merchant="demo")
    assert [row for row, _, _ in told(answer)] == ["2", "301", "700"]
    assert len(ingest.log.commands) == before


async def test_when_the_check_breaks_off_nobody_goes_on_asking(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ProblemError("staging_unavailable", "no room")

    monkeypatch.setattr(file_submission, "check_file", broken)
    before = asyncio.all_tasks()
    assert (await upload(ingest, many(), merchant="demo")).status_code == 503
    assert asyncio.all_tasks() <= before


def accounts(ingest: Ingest) -> str:
    """Four rows: to a good account, an unknown, a closed and an unverified one; and one more to the closed one, with a wrong amount."""
    for digit in (1, 3, 4):
        bank = AddBankAccount(
            bank_account_id=f"{GONE}{digit}",
            holder="A",
            account_number="1234567890",
            ifsc="HDFC0001234",
            verified=digit != 4,
        )
        ingest.log.decide_now("demo", bank)
    ingest.log.decide_now("demo", CloseBankAccount(bank_account_id=f"{GONE}3"))
    lines = [f"1.00,INR,{GONE}{digit}\n" for digit in (1, 2, 3, 4)]
    return "amount,currency,Account\n" + "".join(lines) + f"x,INR,{GONE}3\n"


MAPPING = '{"Account": "bank_account_id"}'


async def test_accounts_that_cannot_be_paid_to_are_told_all_at_once__BAT_08_API_28(ingest: Ingest) -> None:
    content = accounts(ingest)
    before = len(ingest.log.commands)
    answer = await upload(ingest, content, merchant="demo", mapping=MAPPING)
    assert told(answer) == [
        *((str(row), "Account", "bank_account_unusable") for row in (2, 3, 4)),
        ("5", "amount", "validation_error"),
        ("5", "Account", "bank_account_unusable"),
    ]
    assert len(ingest.log.commands) == before
    mended = [{"row": row, "cells": {"bank_account_id": f"{GONE}1", "amount": "1.00"}} for row in (2, 3, 4, 5)]
    done = await correct(ingest, answer.json()["upload_id"], {"rows": mended})
    assert (done.status_code, done.json()["row_count"]) == (201, 5), done.text


async def test_of_accounts_views_that_are_behind_say_nothing__BAT_08(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_rows, "CAUGHT_UP_SECONDS", 0.0)
    content = "".join(accounts(ingest).splitlines(keepends=True)[:3])

    async def behind(_partition: int) -> int:
        return 0

    ingest.store.position = behind  # type: ignore[method-assign]
    before = len(ingest.log.commands)
    answer = await upload(ingest, content, merchant="demo", mapping=MAPPING)
    assert (answer.status_code, told(answer)) == (400, [("2", "bank_account_id", "bank_account_unusable")])
    assert len(ingest.log.commands) > before, "the processor has judged"


class Behind:
    """Views that know of a reference, and catch up when they are told to."""

    def __init__(self) -> None:
        self.caught_up = False

    async def position(self, _partition: int) -> int:
        return 10 if self.caught_up else 5

    async def taken_references(self, *told: Any) -> dict[str, str]:
        return {"R-4500": "a-payout"} if "R-4500" in told[-1] else {}

    async def unusable_accounts(self, *_told: Any) -> dict[str, str]:
        return {}


class Passed:
    partitions, passed = 1, {0: 10}


async def test_views_that_catch_up_while_rows_are_read_are_asked__BAT_08(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_rows, "CAUGHT_UP_SECONDS", 0.0)
    monkeypatch.setattr(known_rows, "LOOK_SECONDS", 0.001)
    found, book, views = Names(), FaultBook(), Behind()
    rows_of = known_rows.KnownRows(views, Passed(), known_rows.OwnBatch("m", "b", "k"))  # type: ignore[arg-type]
    async with rows_of.asked(found, lambda: book) as asking:
        for row in range(1, 5001):
            found.add(row, f"R-{row}", None)
        await asyncio.sleep(0.02)  # a full page is there, and the patience for a file that is read is long over
        views.caught_up = True
        assert await asking.told()
    assert [fault.row for fault in book.again()] == [4500]
    found.close()
    book.close()

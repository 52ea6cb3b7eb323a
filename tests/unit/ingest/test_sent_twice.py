"""The same file, message or request twice, one after the other and at once: taken once, unless a reason is given."""

import asyncio
from typing import Any

import pytest

from services.ingest.staging.upload_record import UploadState
from tests.support.sample_files import pain001
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import UPLOADS, get
from tests.unit.ingest.test_upload import HEADER, THREE, upload


async def test_the_same_message_id_is_refused_with_a_link_unless_a_reason_is_given__BAT_06(ingest: Ingest) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    first = await upload(ingest, pain001(2))
    again = await upload(ingest, pain001(1), key="v")
    assert (again.status_code, again.json()["code"], again.json()["same"]) == (409, "duplicate_file", "message id")
    assert first.json()["id"] in again.headers["link"]
    assert len(ingest.log.book.batches) == 1
    meant = await upload(
        ingest, pain001(1).replace(b"E-1", b"E-9"), key="w", override_duplicate="the bank asked for it again"
    )
    assert meant.status_code == 201, meant.text
    kept = (await get(ingest, f"{UPLOADS}/{meant.json()['id']}")).json()
    assert kept["override_reason"] == "the bank asked for it again"


@pytest.mark.parametrize("change", [str, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace(",", ";")])
async def test_the_same_file_is_taken_once_whatever_its_name_and_form(ingest: Ingest, change: Any) -> None:
    first = await upload(ingest, THREE)
    again = await upload(ingest, change(THREE), key="v")
    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 409, "duplicate_file")
    assert again.json()["batch_id"] == first.json()["id"]
    assert len(ingest.log.book.batches) == 1


async def test_a_file_that_was_not_covered_can_be_sent_again(ingest: Ingest) -> None:
    content = HEADER + "5000.00,USD,+256772000001,Ann\n"
    assert (await upload(ingest, content)).status_code == 402
    ingest.log.fund("demo", 10_000_000)
    assert (await upload(ingest, content, key="v")).status_code == 201


async def test_another_merchant_may_send_an_equal_file(ingest: Ingest) -> None:
    ingest.log.fund("other", 100_000)
    assert (await upload(ingest, THREE)).status_code == 201
    assert (await upload(ingest, THREE, key="v", merchant="other")).status_code == 201


async def test_a_file_whose_batch_was_refused_after_all_stands_in_nobodys_way__BAT_06(ingest: Ingest) -> None:
    content = HEADER + "5000.00,USD,+256772000001,Ann\n"
    refused = await upload(ingest, content)
    await ingest.staging.finish(refused.json()["batch_id"], UploadState.SUBMITTING, 0)  # as if nobody had heard the decision
    ingest.log.fund("demo", 10_000_000)
    assert (await upload(ingest, content, key="v")).status_code == 201
    assert (await upload(ingest, content, key="w")).status_code == 409


async def test_equal_requests_at_once_make_one_batch__IDM_06(ingest: Ingest) -> None:
    answers = await asyncio.gather(*(upload(ingest, THREE) for _ in range(6)))
    assert len({answer.json().get("id") for answer in answers if answer.status_code in {200, 201}}) == 1
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_flight"}
    assert len(ingest.log.book.payouts) == 3


async def test_equal_files_under_other_keys_at_once_make_one_batch__BAT_06(ingest: Ingest) -> None:
    answers = await asyncio.gather(*(upload(ingest, THREE, key=f"k{n}") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    assert len(ingest.log.book.payouts) == 3

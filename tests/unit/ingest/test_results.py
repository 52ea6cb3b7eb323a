"""Files on their way out: results with the outcome of each row, raw or for spreadsheets, and templates."""

import pytest

from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import UPLOADS, get, payouts, table
from tests.unit.ingest.test_upload import HEADER, THREE, upload


async def test_the_result_is_the_uploaders_own_file_with_the_outcome_of_each_row__BAT_14(ingest: Ingest) -> None:
    content = ("\ufeff" + THREE.replace(",", ";").replace("\n", "\r\n")).encode()
    batch = (await upload(ingest, content)).json()
    answer = await get(ingest, f"/api/v1/batches/{batch['id']}/result")
    assert answer.content.startswith(
        b"\xef\xbb\xbfamount;currency;msisdn;name;payflow_row;payflow_payout_id;payflow_status;"
    )
    assert b"\r\n1.00;USD;+256772000001;Ann;1;" in answer.content
    assert (answer.headers["payflow-form"], "raw" in answer.headers["content-disposition"]) == ("raw", True)


async def test_a_result_for_spreadsheets_is_escaped_labelled_and_comes_back__SEC_18(ingest: Ingest) -> None:
    content = HEADER + "1.00,USD,+256772000001,=1+1\n2.00,USD,+256772000002,'quoted\n3.00,USD,+256772000003,@x\n"
    batch = (await upload(ingest, content)).json()
    place = f"/api/v1/batches/{batch['id']}/result"
    shown = table(await get(ingest, f"{place}?form=spreadsheet"))
    assert [row[2:4] for row in shown[1:]] == [
        ["'+256772000001", "'=1+1"], ["'+256772000002", "''quoted"], ["'+256772000003", "'@x"],
    ]  # fmt: skip
    assert {row[-1] for row in shown[1:]} == {"spreadsheet"}
    raw = table(await get(ingest, place))
    assert [row[2:4] for row in raw[1:]] == [
        ["+256772000001", "=1+1"],
        ["+256772000002", "'quoted"],
        ["+256772000003", "@x"],
    ]
    before = [payout.recipient for payout in payouts(ingest)]
    for form in ("raw", "spreadsheet"):
        file = (await get(ingest, f"{place}?form={form}")).content
        again = await upload(ingest, file, key=form, override_duplicate="round trip")
        assert again.status_code == 201, again.text
        made = [p.recipient for p in payouts(ingest) if p.batch_id == again.json()["id"]]
        assert made == before


@pytest.mark.parametrize("wanted", ["csv", "xlsx"])
async def test_the_template_is_taken_as_it_is__BAT_04(ingest: Ingest, wanted: str) -> None:
    ingest.log.fund("demo", 1_000_000, "EUR")
    ingest.log.fund("demo", 1_000_000, "INR")
    ingest.log.fund("demo", 1_000_000, "USD")
    template = await get(ingest, f"{UPLOADS}/template?format={wanted}")
    assert template.status_code == 200
    answer = await upload(ingest, template.content)
    assert (answer.status_code, answer.json()["row_count"]) == (201, 3), answer.text


@pytest.mark.parametrize("query", ["format=pdf", "form=x", "colour=red"])
async def test_a_bad_parameter_of_a_download_is_named__ERR_04(ingest: Ingest, query: str) -> None:
    answer = await get(ingest, f"{UPLOADS}/template?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")

"""pain.001 in, pain.002 out: a message becomes a batch, or is refused whole."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from services.ingest.files.pain001 import Pain001File
from tests.support.sample_files import pain001
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import UPLOADS, get, payouts, table
from tests.unit.ingest.test_upload import faults, upload


@pytest.mark.parametrize("version", ["03", "09"])
async def test_a_pain_001_becomes_a_batch_and_a_pain_002_comes_back__BAT_03_BAT_06_BAT_14(
    ingest: Ingest, version: str
) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    answer = await upload(ingest, pain001(3, version))
    assert (answer.status_code, answer.json()["source"]) == (201, "pain.001"), answer.text
    assert [payout.reference for payout in payouts(ingest)] == ["E-1", "E-2", "E-3"]
    assert payouts(ingest)[0].recipient["iban"] == "DE89370400440532013000"
    result = await get(ingest, f"/api/v1/batches/{answer.json()['id']}/result")
    assert (result.status_code, result.headers["content-type"]) == (200, "application/xml"), result.text
    report = etree.fromstring(result.content)
    assert etree.QName(report).namespace.endswith({"03": "pain.002.001.03", "09": "pain.002.001.10"}[version])
    find = lambda path: [e.text for e in report.iterfind(".//" + "/".join("{*}" + name for name in path.split("/")))]  # noqa: E731
    assert find("OrgnlGrpInfAndSts/OrgnlMsgId") == ["MSG-1"]
    assert find("OrgnlGrpInfAndSts/GrpSts") == ["PDNG"]
    assert find("TxInfAndSts/OrgnlEndToEndId") == ["E-1", "E-2", "E-3"]
    assert find("TxInfAndSts/TxSts") == ["PDNG"] * 3
    assert find("OrgnlPmtInfAndSts/OrgnlPmtInfId") == ["PMT-1"]


BAD_MESSAGES: dict[str, tuple[str, str, str]] = {
    "count": ("<NbOfTxs>3</NbOfTxs><CtrlSum>", "<NbOfTxs>4</NbOfTxs><CtrlSum>", "declaration_mismatch"),
    "sum": ("<CtrlSum>4.50</CtrlSum><InitgPty>", "<CtrlSum>4.51</CtrlSum><InitgPty>", "declaration_mismatch"),
    "order": ("<PmtMtd>TRF</PmtMtd>", "", "schema_invalid"),
    "cheque": ("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>CHK</PmtMtd>", "schema_invalid"),
    "unknown element": ("<PmtId>", "<Colour/><PmtId>", "schema_invalid"),
    "twice": ("<MsgId>MSG-1</MsgId>", "<MsgId>MSG-1</MsgId><MsgId>MSG-1</MsgId>", "schema_invalid"),
    "no id": ("<MsgId>MSG-1</MsgId>", "", "schema_invalid"),
    "long id": ("MSG-1", "M" * 36, "schema_invalid"),
    "later day": ("2026-01-01</ReqdExctnDt>", "9999-01-01</ReqdExctnDt>", "not_yet"),
    "a day that never comes": ("2026-01-01</ReqdExctnDt>", "2025-02-30</ReqdExctnDt>", "schema_invalid"),
    "another writing of a later day": ("2026-01-01</ReqdExctnDt>", "01.12.2099</ReqdExctnDt>", "schema_invalid"),
    "a day and more": ("2026-01-01</ReqdExctnDt>", "2026-01-01 or 2099</ReqdExctnDt>", "schema_invalid"),
    "no day": ("2026-01-01</ReqdExctnDt>", "</ReqdExctnDt>", "schema_invalid"),
    "amount": (">1.50<", ">1.505<", "validation_error"),
    "negative": (">1.50<", ">-1.50<", "validation_error"),
    "IBAN": (
        "DE89370400440532013000</IBAN></Id></CdtrAcct>",
        "DE88370400440532013000</IBAN></Id></CdtrAcct>",
        "validation_error",
    ),
    "other namespace": ("<PmtId>", '<PmtId xmlns="urn:x">', "schema_invalid"),
    "torn": ("</CstmrCdtTrfInitn></Document>", "", "unreadable_row"),
    "DTD": ("<Document", '<!DOCTYPE Document [<!ENTITY a "b">]><Document', "unreadable_file"),
    "external entity": ("<Document", '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><Document', "unreadable_file"),
    "other version": ("pain.001.001.03", "pain.001.001.02", "unreadable_file"),
    "a transfer in a transfer": ("<PmtId>", "<SplmtryData><CdtTrfTxInf/></SplmtryData><PmtId>", "unreadable_file"),
    "no transfers": ("", "", "unreadable_file"),
}


@pytest.mark.parametrize("case", BAD_MESSAGES, ids=str)
async def test_a_bad_message_is_refused_whole__BAT_06_BAT_07(ingest: Ingest, case: str) -> None:
    old, new, code = BAD_MESSAGES[case]
    message = pain001(0 if case == "no transfers" else 3).decode().replace(old, new, 1 if old else 0).encode()
    answer = await upload(ingest, message)
    assert answer.status_code == 400, answer.text
    assert code in {fault["code"] for fault in faults(answer)}, answer.text
    assert ingest.log.types(4) == []


async def test_wallets_and_other_accounts_of_a_message__BAT_03(ingest: Ingest) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    iban = b"<Id><IBAN>DE89370400440532013000</IBAN></Id>"
    wallet = b"<Id><Othr><Id>+256-772123456</Id><SchmeNm><Prtry>MSISDN</Prtry></SchmeNm></Othr></Id>"
    other = b"<Id><Othr><Id>0001234567</Id></Othr></Id>"
    message = (
        pain001(2)
        .replace(iban + b"</CdtrAcct>", wallet + b"</CdtrAcct>", 1)
        .replace(iban + b"</CdtrAcct>", other + b"</CdtrAcct>", 1)
    )
    assert (await upload(ingest, message)).status_code == 201
    first, second = (payout.recipient for payout in payouts(ingest))
    assert (first["type"], first["msisdn"]) == ("mobile_money", "+256772123456")
    assert (second["type"], second["account_number"], second["bic"]) == ("bank_account", "0001234567", "DEUTDEFF")


async def test_the_result_of_a_refused_message_rejects_every_transfer__BAT_14(ingest: Ingest) -> None:
    answer = await upload(ingest, pain001(2).replace(b"</InstdAmt>", b"x</InstdAmt>", 1))
    result = await get(ingest, f"/api/v1/batches/{answer.json()['upload_id']}/result")
    assert result.content.count(b"<TxSts>RJCT</TxSts>") == 2
    assert b"<GrpSts>RJCT</GrpSts>" in result.content


async def test_the_result_of_a_message_is_also_had_as_a_table__BAT_14(ingest: Ingest) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    batch = (await upload(ingest, pain001(2, "09"))).json()
    rows = table(await get(ingest, f"/api/v1/batches/{batch['id']}/result?format=csv"))
    assert rows[0][:3] == ["amount", "currency", "iban"]
    assert [(row[8], row[12]) for row in rows[1:]] == [("E-1", "pending"), ("E-2", "pending")]


async def test_the_template_message_is_taken_as_it_is__BAT_04(ingest: Ingest) -> None:
    ingest.log.fund("demo", 1_000_000, "EUR")
    template = await get(ingest, f"{UPLOADS}/template?format=pain.001")
    answer = await upload(ingest, template.content.replace(b"<Dt>2026-01-31</Dt>", b"<Dt>1970-01-01</Dt>"))
    assert answer.status_code == 201, answer.text


def test_a_message_is_read_in_one_thread() -> None:
    rows = iter(Pain001File(io.BytesIO(pain001(3))))
    next(rows)
    with ThreadPoolExecutor(1) as other, pytest.raises(RuntimeError, match="one thread"):
        other.submit(list, rows).result()

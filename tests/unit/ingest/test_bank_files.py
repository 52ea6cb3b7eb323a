"""Files as spreadsheets, accounting programs and banks write them: the same payments whatever the form (BAT-03 to BAT-07)."""

import pytest

from tests.support.sample_files import NAMESPACES, pain001
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import get, payouts
from tests.unit.ingest.test_upload import faults, upload

IBAN = "DE89370400440532013000"
GERMAN = f'Empfänger;IBAN;Betrag;Währung;Verwendungszweck\r\n"Müller; Söhne";{IBAN};1.234,56;EUR;"Rechnung 17,\r\nzweite Zeile"\r\n'
EXPORTS: dict[str, tuple[bytes, dict[str, str]]] = {
    "Excel, CSV UTF-8, German": (GERMAN.encode("utf-8-sig"), {"number_format": "1.000,00"}),
    "Excel, Unicode text": (GERMAN.replace(";", "\t").replace("Müller\t", "Müller;").encode("utf-16"), {"number_format": "1.000,00"}),
    "big-endian, with BOM": (b"\xfe\xff" + GERMAN.encode("utf-16-be"), {"number_format": "1.000,00"}),
    "French, narrow blank between thousands": (GERMAN.replace("1.234,56", "1\u202f234,56").encode(), {"number_format": "1 000,00"}),
    "Swiss": (GERMAN.replace("1.234,56", "1'234.56").encode(), {"number_format": "1'000.00"}),
    "decimal comma, no grouping": (GERMAN.replace("1.234,56", "1234,56").encode(), {"number_format": "1.000,00"}),
    "quoted everywhere": (
        f'"Name";"IBAN";"Amount";"Currency";"Description"\r\n"Müller; Söhne";"{IBAN}";"1234.56";"EUR";"Rechnung 17,\r\nzweite Zeile"\r\n'.encode(),
        {},
    ),
    "separator named in the first line": (b"sep=;\r\n" + GERMAN.encode(), {"number_format": "1.000,00"}),
    "IBAN in groups of four": (GERMAN.replace(IBAN, "DE89 3704 0044 0532 0130 00").encode(), {"number_format": "1.000,00"}),
}  # fmt: skip


@pytest.mark.parametrize("case", EXPORTS)
async def test_an_export_is_the_same_payment_whatever_wrote_it__BAT_04_BAT_05(ingest: Ingest, case: str) -> None:
    content, fields = EXPORTS[case]
    ingest.log.fund("demo", 1_000_000, "EUR")
    answer = await upload(ingest, content, **fields)
    assert answer.status_code == 201, answer.text
    [made] = payouts(ingest)
    assert (made.amount_minor, made.currency, made.recipient["iban"].replace(" ", "")) == (123456, "EUR", IBAN)
    assert made.recipient["name"] == "Müller; Söhne"
    assert made.description in {"Rechnung 17,\r\nzweite Zeile", "Rechnung 17, zweite Zeile"}


LOST = {
    "phone in scientific form": ("amount,currency,msisdn\n1.00,USD,2.56772E+11\n", "validation_error"),
    "account in scientific form": ("amount,currency,account_number\n1.00,USD,1.23457E+14\n", "validation_error"),
    "text by a formula": ('amount,currency,account_number\n1.00,USD,"=""00123456"""\n', "validation_error"),
    "a thousand or one": ("amount,currency,msisdn\n\"1,000\",USD,+256772000001\n", "ambiguous_number"),
    "thousands with a comma before decimals": ('amount,currency,msisdn\n"1.000,00",USD,+256772000001\n', "ambiguous_number"),
    "a currency sign": ("amount,currency,msisdn\n$1.00,USD,+256772000001\n", "validation_error"),
    "minus behind": ("amount,currency,msisdn\n1.00-,USD,+256772000001\n", "validation_error"),
    "in brackets": ("amount,currency,msisdn\n(1.00),USD,+256772000001\n", "validation_error"),
    "a spreadsheet's error": ("amount,currency,msisdn\n#REF!,USD,+256772000001\n", "validation_error"),
    "Windows-1252": ("amount,currency,msisdn,name\n1.00,USD,+256772000001,Zoë\n".encode("cp1252"), "unreadable_row"),
    "a totals line": ("amount,currency,msisdn\n1.00,USD,+256772000001\n1.00,,\n", "validation_error"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOST)
async def test_what_an_export_lost_is_refused_and_named__BAT_05(ingest: Ingest, case: str) -> None:
    content, code = LOST[case]
    answer = await upload(ingest, content)
    assert answer.status_code == 400, answer.text
    assert code in {fault["code"] for fault in faults(answer)}, answer.text
    assert ingest.log.types(4) == []


def _parts(version: str, *sums: tuple[str, ...]) -> bytes:
    """A message of several PmtInf, each with transfers of these amounts, indented and commented, with all that banks add."""
    day = "2026-01-01" if version == "03" else "<Dt>2026-01-01</Dt>"
    bic = {"03": "BIC", "09": "BICFI"}[version]
    number = 0
    parts = []
    for at, amounts in enumerate(sums, 1):
        transfers = []
        for amount in amounts:
            number += 1
            transfers.append(f"""
      <CdtTrfTxInf>
        <PmtId><InstrId>I-{number}</InstrId><EndToEndId>NOTPROVIDED</EndToEndId></PmtId>
        <PmtTpInf><CtgyPurp><Cd>SALA</Cd></CtgyPurp></PmtTpInf>
        <Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt>
        <ChrgBr>SLEV</ChrgBr>
        <UltmtDbtr><Nm>Group plc</Nm></UltmtDbtr>
        <CdtrAgt><FinInstnId><{bic}>DEUTDEFF</{bic}></FinInstnId></CdtrAgt>
        <Cdtr><Nm>Payee {number}</Nm><PstlAdr><Ctry>DE</Ctry><AdrLine>Street 1</AdrLine></PstlAdr></Cdtr>
        <CdtrAcct><Id><IBAN>{IBAN}</IBAN></Id></CdtrAcct>
        <UltmtCdtr><Nm>Somebody</Nm></UltmtCdtr>
        <Purp><Cd>SALA</Cd></Purp>
        <RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf>
      </CdtTrfTxInf>""")
        parts.append(f"""
    <PmtInf> <!-- run {at} -->
      <PmtInfId>PMT-{at}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>
      <NbOfTxs>{len(amounts)}</NbOfTxs><CtrlSum>{sum(map(float, amounts)):.2f}</CtrlSum>
      <PmtTpInf><InstrPrty>NORM</InstrPrty><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>
      <ReqdExctnDt>{day}</ReqdExctnDt>
      <Dbtr><Nm>Company</Nm><PstlAdr><Ctry>DE</Ctry></PstlAdr><Id><OrgId><Othr><Id>123</Id></Othr></OrgId></Id></Dbtr>
      <DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></DbtrAcct>
      <DbtrAgt><FinInstnId><{bic}>BYLADEM1001</{bic}></FinInstnId></DbtrAgt>{"".join(transfers)}
    </PmtInf>""")
    total = sum(float(amount) for amounts in sums for amount in amounts)
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- made by an accounting program -->
<Document xmlns="{NAMESPACES[version]}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
          xsi:schemaLocation="{NAMESPACES[version]} pain.001.001.{version}.xsd">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>ABC/060928/CCT001</MsgId><CreDtTm>2026-01-01T14:07:00.123+01:00</CreDtTm>
      <NbOfTxs>{number}</NbOfTxs><CtrlSum>{total:.1f}</CtrlSum>
      <InitgPty><Nm>Company</Nm><Id><OrgId><Othr><Id>0468651441</Id><Issr>KBO-BCE</Issr></Othr></OrgId></Id></InitgPty>
    </GrpHdr>{"".join(parts)}
  </CstmrCdtTrfInitn>
</Document>
""".encode()


@pytest.mark.parametrize("version", ["03", "09"])
async def test_several_parts_with_sums_of_their_own_are_one_batch__BAT_06_BAT_07(ingest: Ingest, version: str) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    answer = await upload(ingest, _parts(version, ("1.50", "2.00"), ("10",)))
    assert answer.status_code == 201, answer.text
    assert [(made.amount_minor, made.reference, made.description) for made in payouts(ingest)] == [
        (150, None, "RF18539007547034"),
        (200, None, "RF18539007547034"),
        (1000, None, "RF18539007547034"),
    ]
    report = (await get(ingest, f"/api/v1/batches/{answer.json()['id']}/result")).text
    assert [report.count(f"<OrgnlPmtInfId>PMT-{at}</OrgnlPmtInfId>") for at in (1, 2)] == [1, 1]


@pytest.mark.parametrize("version", ["03", "09"])
async def test_a_sum_of_one_part_that_is_wrong_refuses_the_message__BAT_07(ingest: Ingest, version: str) -> None:
    message = _parts(version, ("1.50", "2.00"), ("10",)).replace(b"<CtrlSum>10.00</CtrlSum>", b"<CtrlSum>10.01</CtrlSum>")
    answer = await upload(ingest, message)
    assert answer.status_code == 400
    [fault] = faults(answer)
    assert (fault["code"], fault["column"]) == ("declaration_mismatch", "PmtInf[PMT-2]/CtrlSum")
    assert "says 10.01" in fault["detail"]
    assert "add up to 10" in fault["detail"]


FORMS = {
    "prefixed": lambda text: (
        text.replace("<", "<p:").replace("<p:/", "</p:").replace("<p:?", "<?").replace("xmlns=", "xmlns:p=")
    ),
    "Latin-1": lambda text: (
        text.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').replace("Payee", "Zoë").encode("latin-1")
    ),
    "UTF-16": lambda text: text.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
    "with a BOM": lambda text: text.encode("utf-8-sig"),
    "numbered characters": lambda text: text.replace("Payee", "Zo&#235;"),
    "CDATA": lambda text: text.replace("Invoice 1<", "<![CDATA[Invoice 1]]><"),
    "a program's instruction": lambda text: text.replace("<GrpHdr>", "<?made-by x?><GrpHdr>"),
}


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_xml_is_the_same_message__BAT_06(ingest: Ingest, form: str) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    message = FORMS[form](pain001(2, "09").decode())
    answer = await upload(ingest, message)
    assert answer.status_code == 201, answer.text
    first = payouts(ingest)[0]
    assert (first.reference, first.recipient["name"][-4:], first.description) == ("E-1", " & 1", "Invoice 1")


async def test_what_is_said_beside_a_message_is_compared_too__BAT_07(ingest: Ingest) -> None:
    answer = await upload(ingest, pain001(3), row_count="4", total="4.50", currency="EUR")
    assert (answer.status_code, answer.json()["code"]) == (400, "declaration_mismatch")
    assert (answer.json()["declared"]["row_count"], answer.json()["counted"]["row_count"]) == (4, 3)
    assert ingest.log.types(4) == []

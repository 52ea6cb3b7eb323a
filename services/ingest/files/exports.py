"""The tables that are downloaded: faults, refused rows, the template (BAT-04, BAT-08, BAT-11).

Owns their columns. Every table says in a column of its own whether its cells are raw or escaped, so that it can be sent back as it is.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

from domain.intake.columns import FORM, ROW
from domain.intake.faults import Fault
from domain.intake.spreadsheet import in_form
from schemas.currencies import Currencies
from services.ingest.files.downloads import FileForm
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import Kind, open_rows
from services.ingest.files.reading import Corrections, Reading
from services.ingest.staging.upload_record import Upload

ERRORS = "payflow_errors"
COLUMNS = ("amount", "currency", "msisdn", "account_number", "iban", "bic", "ifsc", "name", "reference", "description")
EXAMPLES = (
    ("1250.50", "EUR", "", "", "DE89370400440532013000", "DEUTDEFF", "", "Example GmbH", "INV-1001", "Invoice 1001"),
    ("2500.00", "INR", "", "000123456789012", "", "", "HDFC0001234", "A. Sharma", "SAL-7", "Salary November"),
    ("15.00", "USD", "+256772123456", "", "", "", "", "J. Okello", "REF-9", "Refund"),
)


def fault_table(faults: Iterator[Fault], form: str) -> Iterator[Sequence[str]]:
    """row, column, code, text of every fault; row 0 is the header, an empty one the file as a whole."""
    yield ["row", "column", "code", "text", FORM]
    for fault in faults:
        row = "" if fault.row is None else str(fault.row)
        yield [row, *in_form([fault.column or "", fault.code, fault.detail], form), form]


def refused_rows_table(
    upload: Upload, file: IO[bytes], faults: Iterator[Fault], corrections: Corrections, currencies: Currencies, form: str
) -> Iterator[Sequence[str]]:
    """The refused rows as they stand, under the file's own column names, with their numbers and what is wrong with each."""
    source = open_rows(Kind(upload.kind), file)
    cells = iter(source)
    header = next(cells, None) or []
    reading = Reading(header, upload.options, currencies, upload.merchant_id, corrections)
    yield [ROW, *in_form(reading.columns.own, form), ERRORS, FORM]
    wanted = told_by_row(faults)
    due = next(wanted, None)
    try:
        for row, found in enumerate(cells, 1):
            source.faults = []  # they are told already
            if due is None:
                return
            if row == due[0]:
                shown = reading.picked(found, row) or fitted(found, len(reading.columns.own))
                yield [str(row), *in_form([*shown, due[1]], form), form]
                due = next(wanted, None)
    except FileFaultError:
        return  # what cannot be read cannot be shown; its fault is in the list of faults


def told_by_row(faults: Iterator[Fault]) -> Iterator[tuple[int, str]]:
    """(row, what is wrong with it in one text), by row."""
    row, told = 0, ""
    for fault in faults:
        if not fault.row:
            continue
        if fault.row != row and row:
            yield row, told
        told = f"{told}; {_told(fault)}" if fault.row == row else _told(fault)
        row = fault.row
    if row:
        yield row, told


def _told(fault: Fault) -> str:
    place = f"{fault.column}: " if fault.column else ""
    return f"{place}{fault.detail} [{fault.code}]"


def fitted(cells: Sequence[str], width: int) -> list[str]:
    """As many cells as there are columns."""
    return [*cells[:width], *[""] * (width - len(cells))]


def template(form: FileForm) -> Iterator[Sequence[str]] | Iterator[bytes]:
    """The columns and an example of each kind of payee; for pain.001 a message with one transfer."""
    if form.format == "pain.001":
        return iter([PAIN001.encode()])
    rows = [*COLUMNS, FORM], *([*in_form(row, form.form), form.form] for row in EXAMPLES)
    return chain(rows)


PAIN001 = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>YOUR-MESSAGE-1</MsgId>
      <CreDtTm>2026-01-31T09:00:00Z</CreDtTm>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>1250.50</CtrlSum>
      <InitgPty><Nm>Your company</Nm></InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>YOUR-PAYMENT-1</PmtInfId>
      <PmtMtd>TRF</PmtMtd>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>1250.50</CtrlSum>
      <ReqdExctnDt><Dt>2026-01-31</Dt></ReqdExctnDt>
      <Dbtr><Nm>Your company</Nm></Dbtr>
      <DbtrAcct><Id><Othr><Id>NOTPROVIDED</Id></Othr></Id></DbtrAcct>
      <DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>
      <CdtTrfTxInf>
        <PmtId><EndToEndId>INV-1001</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="EUR">1250.50</InstdAmt></Amt>
        <CdtrAgt><FinInstnId><BICFI>DEUTDEFF</BICFI></FinInstnId></CdtrAgt>
        <Cdtr><Nm>Example GmbH</Nm></Cdtr>
        <CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>
        <RmtInf><Ustrd>Invoice 1001</Ustrd></RmtInf>
      </CdtTrfTxInf>
    </PmtInf>
  </CstmrCdtTrfInitn>
</Document>
"""

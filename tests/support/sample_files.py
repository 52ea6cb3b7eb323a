"""Files as banks, spreadsheets and enemies write them; all of them made here."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import openpyxl
from openpyxl.cell import WriteOnlyCell

BANK_EXPORT = (
    "Empfänger;IBAN;Betrag;Währung;Verwendungszweck;Filiale\r\n"
    '"Müller, Anna";DE89370400440532013000;1.234,56;EUR;Rechnung 17;044\r\n'
    "José Núñez;ES9121000418450200051332;99,00;EUR;Nómina;044\r\n"
)
"""As a German bank's export looks: semicolons, comma before decimals, points between thousands, umlauts, CRLF."""

NAMESPACES = {version: f"urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}" for version in ("03", "09")}


def pain001(transfers: int, version: str = "03", day: str = "2026-01-01") -> bytes:
    """A message with so many transfers of 1.50 EUR. The clock of unit tests stands before every day but this one's."""
    bic = {"03": "BIC", "09": "BICFI"}[version]
    total = f"{transfers * 150 // 100}.{transfers * 150 % 100:02d}"
    execution = day if version == "03" else f"<Dt>{day}</Dt>"
    agent = f"<FinInstnId><{bic}>DEUTDEFF</{bic}></FinInstnId>"
    rows = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>I-{n}</InstrId><EndToEndId>E-{n}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EUR">1.50</InstdAmt></Amt><CdtrAgt>{agent}</CdtrAgt><Cdtr><Nm>Payee &amp; {n}</Nm></Cdtr>'
        "<CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>Invoice {n}</Ustrd></RmtInf></CdtTrfTxInf>"
        for n in range(1, transfers + 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACES[version]}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>MSG-1</MsgId><CreDtTm>2026-01-01T09:00:00</CreDtTm><NbOfTxs>{transfers}</NbOfTxs>"
        f"<CtrlSum>{total}</CtrlSum><InitgPty><Nm>Company</Nm></InitgPty></GrpHdr>"
        "<PmtInf><PmtInfId>PMT-1</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>true</BtchBookg>"
        f"<ReqdExctnDt>{execution}</ReqdExctnDt><Dbtr><Nm>Company</Nm><PstlAdr><Ctry>DE</Ctry></PstlAdr></Dbtr>"
        f"<DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></DbtrAcct><DbtrAgt>{agent}</DbtrAgt>"
        f"<ChrgBr>SLEV</ChrgBr>{rows}</PmtInf></CstmrCdtTrfInitn></Document>"
    ).encode()


def workbook(rows: Sequence[Sequence[object]], *, as_text: bool = False) -> bytes:
    """A workbook with one sheet. `as_text`: strings that begin with = are text, as a person enters them with a quote in front."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if as_text and isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
COLUMNS = ("amount", "currency", "msisdn", "name")


def raw_workbook(
    rows: str, *, strings: str = "", styles: str = "", book: str = "", parts: Mapping[str, bytes] | None = None
) -> bytes:
    """A workbook from the XML of its rows, shared strings, styles: what no library would write. `parts` replace whole parts."""
    sheets = book or '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(
            [("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml"), ("worksheet", "worksheets/sheet2.xml")], 1
        )
    )  # fmt: skip
    texts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, (parts or {}).get(name.rsplit("/", 1)[-1].split(".")[0], text.encode()))
    return file.getvalue()


def raw_row(*cells: str) -> str:
    """A row of cells: text in its cell, or the XML of the cell."""
    return f"<row>{''.join(cell if cell.startswith('<c') else inline(cell) for cell in cells)}</row>"


def inline(text: str) -> str:
    """A cell with its text in it."""
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def hostile_workbook(case: str) -> bytes:
    """A workbook that costs more than it says, or is none."""
    good = workbook([["amount", "currency", "msisdn"], ["1.00", "USD", "+256772000001"]])
    if case == "truncated":
        return good[: len(good) // 2]
    if case == "wide":
        return workbook([["amount", "currency", "msisdn"], ["1.00", "USD", "+256772000001", *[""] * 16_000, "x"]])
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml") and case == "dtd":
                data = data.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
            if name == "xl/workbook.xml" and case == "zip":
                continue
            target.writestr(name, data)
        if case == "bomb":
            with target.open("xl/media/zeros.bin", "w", force_zip64=True) as part:
                for _ in range(800):
                    part.write(bytes(1024 * 1024))
    return file.getvalue()

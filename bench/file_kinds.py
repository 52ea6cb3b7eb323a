"""The same rows as a CSV, an XLSX and a pain.001 file, written to disk without holding them.

Owns the files of the case `files`. A workbook is written as spreadsheets write it: shared strings, amounts as numbers.
"""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.rows_file import HEADER, payee

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets><sheet name="Rows" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}
_OWN = 3
"""Cells of a row that no other row has: payee, reference, name."""


def csv(path: Path, rows: int, tag: str, bad: int | None = None) -> Path:
    """A file of mobile-money rows; the row `bad` (from 1) has a number that is none."""
    lines = (
        f"{payee(row) if row + 1 != bad else 0},{1000 + row % 500},UGX,{tag}-{row},Payee {row}\n" for row in range(rows)
    )
    return _written(path, [HEADER + "\n"], lines)


def xlsx(path: Path, rows: int, tag: str) -> Path:
    """The same as a workbook."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in _PARTS.items():
            book.writestr(name, text)
        for name, pieces in (("sharedStrings", _strings(rows, tag)), ("worksheets/sheet1", _sheet(rows))):
            with book.open(f"xl/{name}.xml", "w") as part:
                for piece in pieces:
                    part.write(piece.encode())
    return path


def pain001(path: Path, rows: int, tag: str) -> Path:
    """The same as a message of one PmtInf, to wallets."""
    total = sum(1000 + row % 500 for row in range(rows))
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">'
        f"<CstmrCdtTrfInitn><GrpHdr><MsgId>{tag}</MsgId><CreDtTm>2026-01-01T09:00:00Z</CreDtTm><NbOfTxs>{rows}</NbOfTxs>"
        f"<CtrlSum>{total}</CtrlSum><InitgPty><Nm>Bench</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>{tag}</PmtInfId>"
        f"<PmtMtd>TRF</PmtMtd><NbOfTxs>{rows}</NbOfTxs><CtrlSum>{total}</CtrlSum><ReqdExctnDt><Dt>2026-01-01</Dt></ReqdExctnDt>"
        "<Dbtr><Nm>Bench</Nm></Dbtr><DbtrAcct><Id><Othr><Id>1</Id></Othr></Id></DbtrAcct>"
        "<DbtrAgt><FinInstnId><Othr><Id>1</Id></Othr></FinInstnId></DbtrAgt>"
    )
    transfers = (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{tag}-{row}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="UGX">{1000 + row % 500}</InstdAmt></Amt><Cdtr><Nm>Payee {row}</Nm></Cdtr><CdtrAcct><Id><Othr>'
        f"<Id>{payee(row)}</Id><SchmeNm><Prtry>MSISDN</Prtry></SchmeNm></Othr></Id></CdtrAcct></CdtTrfTxInf>\n"
        for row in range(rows)
    )
    return _written(path, [head], transfers, ["</PmtInf></CstmrCdtTrfInitn></Document>"])


def _written(path: Path, *pieces: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        for some in pieces:
            file.writelines(some)
    return path


def _strings(rows: int, tag: str) -> Iterator[str]:
    yield f"<sst {_MAIN}>{''.join(f'<si><t>{name}</t></si>' for name in (*HEADER.split(','), 'UGX'))}"
    for row in range(rows):
        yield f"<si><t>{payee(row)}</t></si><si><t>{tag}-{row}</t></si><si><t>Payee {row}</t></si>"
    yield "</sst>"


def _sheet(rows: int) -> Iterator[str]:
    header = "".join(f'<c r="{column}1" t="s"><v>{at}</v></c>' for at, column in enumerate("ABCDE"))
    yield f'<worksheet {_MAIN}><sheetData><row r="1">{header}</row>'
    for row in range(rows):
        at, own = row + 2, 6 + _OWN * row
        yield (
            f'<row r="{at}"><c r="A{at}" t="s"><v>{own}</v></c><c r="B{at}"><v>{1000 + row % 500}</v></c><c r="C{at}" t="s"><v>5</v></c>'
            f'<c r="D{at}" t="s"><v>{own + 1}</v></c><c r="E{at}" t="s"><v>{own + 2}</v></c></row>'
        )
    yield "</sheetData></worksheet>"

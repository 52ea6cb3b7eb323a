"""A payee's telephone, IBAN and name, and a key: planted in every field, seen nowhere but where they belong (SEC-08).

Owns what is planted and what is looked for: in JSON bodies, in the columns and elements of files, in what is said beside a file, in webhooks.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.sample_files import pain001, workbook

PHONE, IBAN, NAME = "+256772990113", "FR1420041010050500013M02606", "Canaria Quartzbird"
KEY = "pk_live_CanaryCanaryCanaryCanaryCanaryCanaryCanary0"
CANARIES = (PHONE, IBAN, NAME, KEY)
NEEDLES = (PHONE[1:], IBAN, "Quartzbird", "CanaryCanary", IBAN[4:])

COLUMNS = {
    "amount": "1.00",
    "currency": "USD",
    "msisdn": "",
    "account_number": "1234567890",
    "iban": "",
    "bic": "",
    "ifsc": "",
    "name": "Plain",
    "reference": "",
    "description": "",
    "bank_name": "",
    "bank_account_id": "",
    "country": "",
    "network": "",
    "type": "",
    "Filiale": "",
}
"""Columns of a row with a good cell each; the last one is no field of ours."""
ELEMENTS = (
    "MsgId",
    "CreDtTm",
    "NbOfTxs",
    "CtrlSum",
    "InitgPty/Nm",
    "PmtInfId",
    "PmtMtd",
    "BtchBookg",
    "ReqdExctnDt",
    "Dbtr/Nm",
    "Ctry",
    "DbtrAcct/Id/IBAN",
    "BIC",
    "ChrgBr",
    "InstrId",
    "EndToEndId",
    "InstdAmt",
    "Cdtr/Nm",
    "CdtrAcct/Id/IBAN",
    "Ustrd",
)
FORM_FIELDS = (
    "name",
    "reference",
    "funding",
    "on_row_failure",
    "merchant_id",
    "currency",
    "mapping",
    "number_format",
    "on_invalid_rows",
    "override_duplicate",
    "row_count",
    "total",
    "declared",
)
WEBHOOK_FIELDS = ("url", "types", "description", "enabled", "secret", "unknown")
AGAIN_FIELDS = ("ids", "from", "to", "webhook_id", "status")
DELIVERY_FILTERS = (
    "webhook_id",
    "status",
    "type",
    "payout_id",
    "batch_id",
    "created_after",
    "created_before",
    "limit",
    "cursor",
)


class PlantedFile(NamedTuple):
    """A file with a canary in one place; `where` says in which."""

    where: str
    name: str
    content: bytes


def found_in(text: str) -> list[str]:
    """What of the canaries a text shows."""
    return [needle for needle in NEEDLES if needle in text]


def files() -> Iterator[PlantedFile]:
    """Every column of CSV and XLSX, every element of pain.001, every canary; also where a file is broken, and in its name."""
    for canary in CANARIES:
        for table in _tables(canary):
            yield PlantedFile(f"csv {table[0]}", f"{canary}.csv", _csv(table[1]))
            yield PlantedFile(f"xlsx {table[0]}", f"{canary}.xlsx", workbook(table[1]))
        yield from _broken(canary)
        yield from _messages(canary)


def webhook_bodies() -> Iterator[dict[str, Any]]:
    """A webhook with a canary in each field in turn, some of them good."""
    good: dict[str, Any] = {"url": "http://127.0.0.1:9/plain"}
    for canary in CANARIES:
        for field in WEBHOOK_FIELDS:
            yield {**good, field: canary}
            yield {**good, field: [canary]}
        for url in (
            "http://127.0.0.1:9/{}",
            "http://127.0.0.1:9/?q={}",
            "https://{}.invalid/",
            "ftp://x/{}",
            "http://{}@127.0.0.1:9/",
        ):
            yield {"url": url.format(canary.replace(" ", "-"))}


def again_bodies() -> Iterator[dict[str, Any]]:
    """Sending again, with a canary in each field in turn."""
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    for canary in CANARIES:
        for field in AGAIN_FIELDS:
            yield {**({} if field == "ids" else span), field: canary}
            yield {**({} if field == "ids" else span), field: [canary]}


def _tables(canary: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Tables with the canary in one column: alone, and beside a row that is bad for another reason."""
    header = list(COLUMNS)
    bad = list({**COLUMNS, "amount": "none"}.values())
    for column in header:
        row = list({**COLUMNS, column: canary}.values())
        yield column, [header, row]
        yield f"{column} beside a bad row", [header, row, bad, row]
    yield "no header", [["1.00", "USD", canary, canary], ["2.00", "USD", "+256772000001", "Ann"]]
    yield "a column's name", [["amount", "currency", "account_number", canary], ["none", "USD", "1234567890", "x"]]
    yield "two columns' name", [["amount", "currency", canary, canary], ["1.00", "USD", "1234567890", "x"]]


def _csv(table: list[list[str]]) -> bytes:
    return "".join(",".join(row) + "\r\n" for row in table).encode()


def _broken(canary: str) -> Iterator[PlantedFile]:
    header, name = "amount,currency,account_number,name\n", f"{canary}.csv"
    row = f"1.00,USD,{canary},{canary}"
    yield PlantedFile("ragged", name, f"{header}{row},{canary}\n{canary}\n".encode())
    yield PlantedFile("an open quote", name, f'{header}1.00,USD,"{canary},x\n'.encode())
    yield PlantedFile("a byte that is no text", name, f"{header}{row}".encode() + b"\xff\xfe\n")
    yield PlantedFile("a control character", name, f"{header}1.00,USD,12345678,\x00{canary}\n".encode())
    yield PlantedFile("nothing but it", name, canary.encode())
    yield PlantedFile("no XML", f"{canary}.xml", f"<{canary}".encode())
    yield PlantedFile("another root", f"{canary}.xml", f"<a>{canary}</a>".encode())


def _messages(canary: str) -> Iterator[PlantedFile]:
    good = pain001(2).decode()
    for element in ELEMENTS:
        *parents, last = element.split("/")
        before = "".join(f"<{parent}>.*?" for parent in parents)
        planted, count = re.subn(
            rf"({before}<{last}(?: [^>]*)?>)[^<]*(</{last}>)", rf"\g<1>{canary}\g<2>", good, count=1, flags=re.DOTALL
        )
        assert count == 1, element
        yield PlantedFile(f"pain.001 {element}", f"{canary}.xml", planted.encode())
    yield PlantedFile("pain.001 currency", f"{canary}.xml", good.replace('Ccy="EUR"', f'Ccy="{canary}"', 1).encode())
    yield PlantedFile("pain.001 namespace", f"{canary}.xml", good.replace("urn:iso", f"urn:{canary}", 1).encode())
    yield PlantedFile("pain.001 between", f"{canary}.xml", good.replace("<PmtInf>", f"{canary}<PmtInf>", 1).encode())
    yield PlantedFile("pain.001 comment", f"{canary}.xml", good.replace("<PmtInf>", f"<!--{canary}--><PmtInf>", 1).encode())
    yield PlantedFile(
        "pain.001 entity",
        f"{canary}.xml",
        good.replace("<Document", f'<!DOCTYPE d [<!ENTITY e "{canary}">]><Document', 1).encode(),
    )
    yield PlantedFile("pain.001 cut", f"{canary}.xml", good.replace("Payee &amp; 2", canary).encode()[:-200])

"""A pain.001 message as rows of cells, streamed: one credit transfer is one row (BAT-03, BAT-06).

Owns the parsing (no DTD, no entities, no network; each transfer is forgotten once it is read, so memory stays the same for any length), the
checks of structure against `pain001_grammar`, of counts and control sums, and which element becomes which field. Must not know
batches.

One message is read in one thread from beginning to end: the parser's names belong to the thread that began it, and another one that goes on
corrupts memory. That is guarded here.
"""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any, NamedTuple

from lxml import etree

from domain.intake.faults import Fault
from services.ingest.files.faults import unreadable
from services.ingest.files.pain001_checks import MessageChecks
from services.ingest.files.pain001_grammar import NAMESPACES
from services.ingest.files.pain001_payee import COLUMNS, cells_of, execution_date, is_day, text_of, texts_of

PIECE = 64 * 1024
ELEMENT_BYTES_MAX = 2 * 1024 * 1024
"""So many bytes may pass without an element that we wait for; a real transfer has a few hundred."""

_MARK = b"pain.001.001."
_HEAD_BYTES = 4096
PARENTS = {
    "Document": "",
    "CstmrCdtTrfInitn": "Document",
    "GrpHdr": "CstmrCdtTrfInitn",
    "PmtInf": "CstmrCdtTrfInitn",
    "CdtTrfTxInf": "PmtInf",
}
_DONE = ("GrpHdr", "PmtInf", "CdtTrfTxInf")


def is_pain001(file: IO[bytes]) -> bool:
    """Whether the file looks like a pain.001 of any version."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    return _MARK in head.replace(b"\0", b"") and head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(
        b"<"
    )


class Group(NamedTuple):
    """What the message says of itself."""

    version: str
    message_id: str
    created: str
    transfer_count: str
    control_sum: str


class Transfer(NamedTuple):
    """One credit transfer: the cells of its row, and the ids that an answer must name."""

    cells: list[str]
    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    execution_date: str


class Pain001File:
    """Rows of one message. `group` is known once the first row is read; `faults` are those found since they were last taken."""

    def __init__(self, file: IO[bytes], *, today: str | None = None) -> None:
        """Reads from the start of `file`, which stays open. `today` (ISO date): transfers for a later day are refused."""
        self._file = file
        self._today = today
        self._checks = MessageChecks()
        self.group: Group | None = None
        self._version = ""
        self._row = 0
        self._total = Decimal(0)
        self._prefix = ""
        self._part: _Part | None = None

    @property
    def faults(self) -> list[Fault]:
        """Those found since they were last taken."""
        return self._checks.faults

    @faults.setter
    def faults(self, left: list[Fault]) -> None:
        self._checks.faults = left

    def __iter__(self) -> Iterator[list[str]]:
        """The header, then a row per transfer. Raises FileFaultError where the file cannot be read on."""
        transfers = self.transfers()
        first = next(transfers, None)
        yield list(COLUMNS)
        if first is not None:
            yield first.cells
        for transfer in transfers:
            yield transfer.cells

    def transfers(self) -> Iterator[Transfer]:
        """Every credit transfer in order. Raises FileFaultError."""
        self._file.seek(0)
        parser = etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            tag=["{*}" + name for name in ("Document", "CstmrCdtTrfInitn", *_DONE)],
        )
        try:
            yield from self._read(parser)
        except etree.XMLSyntaxError as error:
            raise unreadable(f"is no XML that can be read: {_first_line(error)}", self._row or None) from None
        if self.group is None:
            raise unreadable("is no pain.001: it has no group header")

    def _read(self, parser: Any) -> Iterator[Transfer]:
        waited, thread = 0, threading.get_ident()
        while piece := self._file.read(PIECE):
            parser.feed(piece)
            waited += len(piece)
            for event, element in parser.read_events():
                waited = 0
                if threading.get_ident() != thread:
                    raise RuntimeError("a message is read in one thread")
                transfer = self._on(event, element)
                if transfer is not None:
                    yield transfer
            if waited > ELEMENT_BYTES_MAX:
                raise unreadable("has an element that is too long to be a payment's", self._row or None)
        parser.close()
        for event, element in parser.read_events():
            self._on(event, element)

    def _on(self, event: str, element: Any) -> Transfer | None:
        name = element.tag.rsplit("}", 1)[-1]
        if event == "start":
            self._start(name, element)
            return None
        parent = element.getparent()
        if name == "CdtTrfTxInf":
            transfer = self._transfer(element)
            parent.remove(element)
            return transfer
        if name == "GrpHdr":
            self._group_ended(element)
        elif name == "PmtInf" and self._part is not None:
            self._part_ended(element)
            parent.remove(element)
        elif name == "CstmrCdtTrfInitn":
            self._message_ended(element)
        return None

    def _start(self, name: str, element: Any) -> None:
        if not self._version:
            self._begin(element)
        if not element.tag.startswith(self._prefix):
            raise unreadable(f"holds {name} of another namespace")
        parent = element.getparent()
        if (parent.tag.removeprefix(self._prefix) if parent is not None else "") != PARENTS[name]:
            raise unreadable(f"holds {name} where none may stand", self._row or None)
        if name == "PmtInf":
            if self.group is None:
                raise unreadable("has no group header before its first PmtInf")
            self._part = _Part(self._row)

    def _begin(self, root: Any) -> None:
        found = root.getroottree().docinfo
        if found.doctype or found.internalDTD is not None:
            raise unreadable("holds a document type definition, which is not taken; send the message without it")
        self._namespace = etree.QName(root).namespace or ""
        self._version = NAMESPACES.get(self._namespace, "")
        self._prefix = f"{{{self._namespace}}}"
        self._checks.learn(self._version, self._prefix)
        if not self._version or etree.QName(root).localname != "Document":
            raise unreadable("is no pain.001.001.03 or pain.001.001.09; those two versions are taken")

    def _group_ended(self, element: Any) -> None:
        if self.group is not None:
            raise unreadable("has two group headers")
        self._checks.check(element, "GrpHdr", None)
        texts = [text_of(element, name) for name in ("MsgId", "CreDtTm", "NbOfTxs", "CtrlSum")]
        self.group = Group(self._version, *texts)

    def _transfer(self, element: Any) -> Transfer:
        assert self._part is not None
        self._row += 1
        if not self._part.known:
            self._part.learn(element.getparent())
            self._checks.check(element.getparent(), "PmtInf", None, ended=False)
        self._checks.check(element, "CdtTrfTxInf", self._row)
        texts = texts_of(element)
        cells = cells_of(texts)
        self._add(cells[0])
        self._check_day(self._part.execution_date)
        ids = (texts.get("PmtId/InstrId", ""), texts.get("PmtId/EndToEndId", ""))
        return Transfer(cells, self._part.id, *ids, self._part.execution_date)

    def _add(self, amount: str) -> None:
        assert self._part is not None
        if 0 < len(amount) <= 20 and amount.isascii() and amount.replace(".", "", 1).isdigit():
            self._total += Decimal(amount)
            self._part.total += Decimal(amount)

    def _check_day(self, day: str) -> None:
        if not is_day(day):
            detail = "must be a day such as 2026-01-31: nobody can say whether this one has come"
            self._checks.fault("PmtInf/ReqdExctnDt", "schema_invalid", detail, self._row)
        elif self._today is not None and day > self._today:
            detail = f"asks for {day}; payouts are sent at once here: send the file on that day"
            self._checks.fault("PmtInf/ReqdExctnDt", "not_yet", detail, self._row)

    def _part_ended(self, element: Any) -> None:
        part, self._part = self._part, None
        assert part is not None
        if not part.known:
            part.learn(element)
            self._checks.check(element, "PmtInf", None)
        elif len(element) > part.children:
            self._checks.fault(
                "PmtInf", "schema_invalid", "holds an element behind its transfers, where none may stand", None
            )
        place = f"PmtInf[{part.id[:35]}]"
        self._checks.compare(place, part.count, self._row - part.first, part.control_sum, part.total)

    def _message_ended(self, element: Any) -> None:
        rest = [child.tag.removeprefix(self._prefix) for child in element]
        if rest not in (["GrpHdr"], ["GrpHdr", *["SplmtryData"] * (len(rest) - 1)] if self._version == "09" else []):
            self._checks.fault(
                "", "schema_invalid", f"is not by the schema: holds {', '.join(rest)[:200]} besides its PmtInf", None
            )
        if self.group is None or not self._row:
            raise unreadable("is no pain.001 with a payment in it")
        self._checks.compare("GrpHdr", self.group.transfer_count, self._row, self.group.control_sum, self._total)


class _Part:
    """One PmtInf on its way: what stands before its transfers."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.known = False
        self.id = self.count = self.control_sum = self.execution_date = ""
        self.total = Decimal(0)
        self.children = 0

    def learn(self, element: Any) -> None:
        """Read what stands before the first transfer."""
        self.known = True
        self.children = len(element) - (1 if len(element) and etree.QName(element[-1]).localname == "CdtTrfTxInf" else 0)
        self.id, self.count = text_of(element, "PmtInfId"), text_of(element, "NbOfTxs")
        self.control_sum, self.execution_date = text_of(element, "CtrlSum"), execution_date(element)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]

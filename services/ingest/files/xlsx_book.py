"""What a workbook says of its sheets: which one is read, and which cells of it are dates.

Owns the choice of the sheet (the first that shows), and the formats of numbers. Must not know rows.
"""

from collections.abc import Iterator
from typing import NamedTuple

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from services.ingest.files.faults import unreadable
from services.ingest.files.xlsx_package import WORKBOOK, Package
from services.ingest.files.xlsx_strings import SharedStrings
from services.ingest.files.xlsx_xml import XmlPart

STYLES_MAX = 65_536


class Sheet(NamedTuple):
    """The sheet that is read. `dates`: the styles (attribute s of a cell) that show a number as a date."""

    pieces: Iterator[bytes]
    strings: SharedStrings
    dates: frozenset[str]
    since_1904: bool


def first_sheet(package: Package) -> Sheet:
    """The first sheet that shows, or the first. Raises FileFaultError for none, and what reading a part does."""
    book = _Book(package.pieces(WORKBOOK))
    book.finish()
    relations = package.relations(WORKBOOK)
    known = [
        (relation.place, shown)
        for number, shown in book.sheets
        if (relation := relations.get(number)) and relation.kind == "worksheet" and package.has(relation.place)
    ]
    place = next((place for place, shown in known if shown), known[0][0] if known else None)
    if place is None:
        raise unreadable("has no sheet")
    others = {relation.kind: relation.place for relation in relations.values() if package.has(relation.place)}
    strings = SharedStrings(package.pieces(others["sharedStrings"]) if "sharedStrings" in others else iter([b"<sst/>"]))
    return Sheet(package.pieces(place), strings, _dates(package, others.get("styles")), book.since_1904)


class _Book(XmlPart):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__(pieces)
        self.sheets: list[tuple[str, bool]] = []
        self.since_1904 = False

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        if name == "sheet":
            number = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            self.sheets.append((number, attributes.get("state", "visible") == "visible"))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in {"1", "true"}


def _dates(package: Package, place: str | None) -> frozenset[str]:
    if place is None:
        return frozenset()
    styles = _Styles(package.pieces(place))
    styles.finish()
    return frozenset(styles.dates)


class _Styles(XmlPart):
    """`dates`: numbers of the cell formats that are dates."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__(pieces)
        self._formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        self._of_cells = False
        self._count = 0
        self.dates: set[str] = set()

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        if name == "numFmt" and len(self._formats) < STYLES_MAX:
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:256]
        elif name == "cellXfs":
            self._of_cells = True
        elif name == "xf" and self._of_cells and self._count < STYLES_MAX:
            if is_date_format(self._formats.get(attributes.get("numFmtId", "0"), "")):
                self.dates.add(str(self._count))
            self._count += 1

    def ended(self, name: str) -> None:
        if name == "cellXfs":
            self._of_cells = False

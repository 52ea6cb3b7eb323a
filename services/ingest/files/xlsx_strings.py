"""The text of a workbook's cells: the table of shared strings, read only as far as it is asked for, and escapes.

Owns the table's form in memory: one run of bytes and where each string ends, a few bytes more than the text itself. Must not know cells.
"""

import re
from array import array
from collections.abc import Iterator

from services.ingest.files.faults import FileFaultError, unreadable
from services.ingest.files.xlsx_xml import XmlPart

CELL_CHARS_MAX = 32_767
"""What a spreadsheet allows in a cell."""
STRINGS_BYTES_MAX = 128 * 1024 * 1024
_END_BYTES = 4
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class TextPart(XmlPart):
    """A part with strings in it: `t` elements, in runs or not, without phonetic hints."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Nothing is read yet."""
        super().__init__(pieces)
        self._told: list[str] = []
        self._length = 0
        self._keeps = False
        self._phonetic = False

    def started(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002  of no string
        """Whether text is kept from here on."""
        if name == "t":
            self._keeps = not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def ended(self, name: str) -> None:
        """Text between elements is none."""
        self._keeps = False
        if name == "rPh":
            self._phonetic = False

    def text(self, text: str) -> None:
        """A piece of a string."""
        if self._keeps:
            self._length += len(text)
            if self._length > CELL_CHARS_MAX:
                raise cell_too_long()
            self._told.append(text)

    def taken(self) -> str:
        """The string that has ended, out of its escapes."""
        told = self._told[0] if len(self._told) == 1 else "".join(self._told)
        if self._told:
            self._told = []
            self._length = self._quiet = 0
        return _ESCAPED.sub(_meant, told) if "_x" in told else told


class SharedStrings(TextPart):
    """The table, by number."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Nothing is read yet."""
        super().__init__(pieces)
        self._bytes = bytearray()
        self._ends: array[int] = array("L" if array("I").itemsize < _END_BYTES else "I")

    def ended(self, name: str) -> None:
        """One string more."""
        super().ended(name)
        if name == "si":
            self._bytes += self.taken().encode()
            self._ends.append(len(self._bytes))

    def __getitem__(self, number: int) -> str:
        """A string. Raises IndexError for one that is not there, FileFaultError, ExpatError."""
        ends = self._ends
        if number < 0:
            raise IndexError(number)
        while number >= len(ends):
            if not self.feed():
                raise IndexError(number)
            if len(self._bytes) + _END_BYTES * len(ends) > STRINGS_BYTES_MAX:
                raise unreadable(f"has more than {STRINGS_BYTES_MAX // 2**20} MiB of text; split it, or upload CSV")
        return self._bytes[ends[number - 1] if number else 0 : ends[number]].decode()


def cell_too_long(row: int | None = None) -> FileFaultError:
    """The fault of a cell that no spreadsheet could have made."""
    return unreadable(f"has a cell of more than {CELL_CHARS_MAX:,} characters, which no spreadsheet allows", row)


def _meant(escape: "re.Match[str]") -> str:
    """`_x000D_` is a character that XML cannot hold; half of a pair is none."""
    code = int(escape[1], 16)
    return escape[0] if 0xD800 <= code <= 0xDFFF else chr(code)

"""The parts of a workbook's ZIP, read within bounds: nothing is inflated that is not read, and nothing past what it may come to.

Owns what the ZIP may cost (its directory, how many parts, how large they are, how far they were pressed together) and how one part names
another. Must not know what stands in a part.
"""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple
from xml.parsers.expat import ExpatError

from services.ingest.files.faults import FileFaultError, unreadable
from services.ingest.files.xlsx_xml import XmlPart

INFLATED_BYTES_MAX = 768 * 1024 * 1024
RATIO_MAX = 50
"""Spreadsheets are pressed to a tenth of their size or so; a bomb to a thousandth."""
RATIO_FREE_BYTES = 32 * 1024 * 1024
PARTS_MAX = 2_000
DIRECTORY_BYTES_MAX = 2 * 1024 * 1024
PIECE = 64 * 1024
WORKBOOK = "xl/workbook.xml"
FIRST_BYTES = b"PK\x03\x04"
"""Of a ZIP that is nothing else: a reader of ZIPs looks from the end, another from the start, and each would find a file of its own."""
BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, ExpatError, LookupError, ValueError, OverflowError, EOFError, OSError, RuntimeError,
)  # fmt: skip


def is_xlsx(file: IO[bytes]) -> bool:
    """Whether the file is a ZIP with a workbook in it."""
    try:
        file.seek(0)
        with zipfile.ZipFile(_Bounded(file)) as archive:  # type: ignore[arg-type]
            return WORKBOOK in archive.NameToInfo
    except BROKEN:
        return False


class Relation(NamedTuple):
    """Another part that one names: the last word of what it is to it, and its place."""

    kind: str
    place: str


class Package:
    """An open workbook. Raises FileFaultError for one that costs too much or cannot be read."""

    def __init__(self, file: IO[bytes]) -> None:
        """`file` stays open and the caller's."""
        file.seek(0)
        start = file.read(len(FIRST_BYTES))
        self._archive = zipfile.ZipFile(_Bounded(file))
        self._left = INFLATED_BYTES_MAX
        parts = self._archive.infolist()
        if start != FIRST_BYTES or min((part.header_offset for part in parts), default=0):
            raise unreadable("has other bytes before the workbook; save it again as .xlsx")
        if len(parts) > PARTS_MAX:
            raise unreadable(f"has more than {PARTS_MAX} parts inside")
        if sum(part.file_size for part in parts) > INFLATED_BYTES_MAX:
            raise _too_large()
        self._parts = {part.filename.lower(): part for part in parts}

    def has(self, place: str) -> bool:
        """Whether there is such a part."""
        return place.lower() in self._parts

    def pieces(self, place: str) -> Iterator[bytes]:
        """A part, inflated piece by piece. Raises KeyError for none, FileFaultError past what it may come to."""
        part = self._parts[place.lower()]
        if part.flag_bits & 1:
            raise unreadable("has a password; save it without one")
        if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise unreadable("is packed in a way that no spreadsheet does; save it again as .xlsx")
        most = max(RATIO_FREE_BYTES, RATIO_MAX * part.compress_size)
        with self._archive.open(part) as stream:
            while piece := stream.read(PIECE):
                most -= len(piece)
                self._left -= len(piece)
                if min(most, self._left) < 0:
                    raise _too_large()
                yield piece

    def relations(self, place: str) -> dict[str, Relation]:
        """Id -> the part that `place` names by it."""
        folder, name = posixpath.split(place)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.has(listed):
            return {}
        relations = _Relations(self.pieces(listed), folder)
        relations.finish()
        return relations.found


class _Relations(XmlPart):
    def __init__(self, pieces: Iterator[bytes], folder: str) -> None:
        super().__init__(pieces)
        self._folder = folder
        self.found: dict[str, Relation] = {}

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            place = posixpath.normpath(posixpath.join("/", self._folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rsplit("/", 1)[-1]
            self.found[attributes.get("Id", "")] = Relation(kind, place.lstrip("/"))


class _Bounded:
    """A file of which nobody reads very much at once: the ZIP's directory is read in one piece, as large as it says it is.

    What is read to the end is the directory's last record and a comment, 64 KiB at most.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY_BYTES_MAX:
            raise zipfile.BadZipFile("its directory is too large")
        return self._file.read(DIRECTORY_BYTES_MAX if size < 0 else size)


def _too_large() -> FileFaultError:
    most = INFLATED_BYTES_MAX // 2**20
    return unreadable(
        f"is larger than {most} MiB, or than {RATIO_MAX} times its size, when unpacked; split it, or upload CSV"
    )

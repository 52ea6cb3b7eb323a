"""XML parsed piece by piece without a tree, so that no part of a workbook can fill the memory.

Owns the bounds that hold for every part: no document type definition (so no entities), no great depth, no crowd of names, no piece of it
with nothing in it for long. Must not know any element.
"""

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from services.ingest.files.faults import FileFaultError, unreadable

DEPTH_MAX = 64
NAMES_MAX = 2_000
QUIET_BYTES_MAX = 8 * 1024 * 1024
"""So many bytes may pass with nothing that counts: blank rows, cells without text, a name or a comment that does not end."""


class XmlPart:
    """One part. Subclasses say what they do with an element that starts, ends, and the text that they keep."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Nothing is read yet."""
        self._pieces = pieces
        self._names: dict[str, str] = {}
        self._parser = parser = expat.ParserCreate(intern=self._names)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = _refuse_dtd
        self._depth = 0
        self._quiet = 0
        """Bytes since a subclass last found what it looks for, and set this to 0."""
        self._over = False

    def feed(self) -> bool:
        """Read one piece more; False when there is none. Raises ExpatError, FileFaultError."""
        if self._over:
            return False
        piece = next(self._pieces, None)
        if piece is None:
            self._over = True
            last = True
            self._parser.Parse(b"", last)
            return False
        self._quiet += len(piece)
        self._parser.Parse(piece)
        if self._quiet > QUIET_BYTES_MAX:
            raise unreadable(
                f"has {QUIET_BYTES_MAX // 2**20} MiB with nothing in them; delete the blank rows, save it again"
            )
        if len(self._names) > NAMES_MAX:
            raise _too_much()
        return True

    def finish(self) -> None:
        """Read all that is left."""
        while self.feed():
            pass

    def started(self, name: str, attributes: dict[str, str]) -> None:
        """An element, by its local name."""

    def ended(self, name: str) -> None:
        """Its end."""

    def text(self, text: str) -> None:
        """Text, in pieces as they come."""

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _too_much()
        self.started(tag if ":" not in tag else tag.rsplit(":", 1)[1], attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self.ended(tag if ":" not in tag else tag.rsplit(":", 1)[1])


def _refuse_dtd(*_: Any) -> None:
    raise unreadable("holds a document type definition, which is not taken; save it again as .xlsx")


def _too_much() -> FileFaultError:
    return unreadable("is not built as a workbook is; save it again as .xlsx")

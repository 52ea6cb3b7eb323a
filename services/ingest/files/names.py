"""What the rows of a file name that others may have or must have: references and saved accounts, with the numbers of their rows.

Owns how they are put by during the pass, on disk and in order of row, and given back a page at a time, also while more are put by in
another thread. A file that names few makes none on disk. Must not know who is asked about them.
"""

import os
import tempfile
from collections.abc import Callable
from typing import IO, NamedTuple

import msgspec

from domain.intake.text import REFERENCE_MAX, has_forbidden
from schemas.ids import is_uuid

PAGE_ROWS = 4000


class Page(NamedTuple):
    """Names of some rows, in order; empty for none. Three lists of one length: a page mostly is only passed on."""

    rows: list[int]
    references: list[str]
    account_ids: list[str]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Page)


def _nobody() -> None:
    """Nobody waits for a page."""


class Names:
    """Rows with their names, in the order they are added. Close it."""

    def __init__(self, temp_dir: str | None = None) -> None:
        """None yet."""
        self.on_page: Callable[[], None] = _nobody
        """Called with each full page, by the thread that adds."""
        self._temp_dir = temp_dir
        self._file: IO[bytes] | None = None
        self._ends: list[int] = []
        self._given = 0
        self._last = Page([], [], [])

    @property
    def are_any(self) -> bool:
        """Whether any row names anything."""
        return bool(self._ends or self._last.rows)

    def add(self, row: int, reference: str | None, account_id: str | None) -> None:
        """Those of a row that can be taken as it stands."""
        rows, references, account_ids = self._last
        rows.append(row)
        references.append(reference or "")
        account_ids.append(account_id or "")
        if len(rows) >= PAGE_ROWS:
            self._put_by()

    def add_raw(self, row: int, reference: str | None, account_id: str | None) -> None:
        """Those of a row that is wrong somewhere: as far as they can be names at all."""
        good = (
            reference
            if reference and len(reference) <= REFERENCE_MAX and not has_forbidden(reference, one_line=True)
            else None
        )
        account = account_id.lower() if account_id and is_uuid(account_id.lower()) else None
        if good or account:
            self.add(row, good, account)

    def next_full(self) -> Page | None:
        """The next full page, if there is one by now."""
        if self._file is None or self._given == len(self._ends):
            return None
        start = self._ends[self._given - 1] if self._given else 0
        self._given += 1
        return _decoder.decode(os.pread(self._file.fileno(), self._ends[self._given - 1] - start, start))

    def last(self) -> Page | None:
        """What is left behind the full ones, once; nobody adds any more."""
        page, self._last = self._last, Page([], [], [])
        return page if page.rows else None

    def close(self) -> None:
        """Forget all and give the space back. A repeat changes nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _put_by(self) -> None:
        page, self._last = _encoder.encode(self._last), Page([], [], [])
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="payflow-names-", dir=self._temp_dir)  # noqa: SIM115  see close()
        self._file.write(page)
        self._file.flush()
        self._ends.append((self._ends[-1] if self._ends else 0) + len(page))
        self.on_page()

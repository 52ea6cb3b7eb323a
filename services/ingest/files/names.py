"""What the rows of a file name that others may have or must have: references and saved accounts, with the numbers of their rows.

Owns how they are put by during the pass, on disk and in order of row, and given back a page at a time. A file that names none makes none.
Must not know who is asked about them.
"""

import tempfile
from itertools import islice
from typing import IO, NamedTuple

from domain.intake.text import REFERENCE_MAX, has_forbidden
from schemas.ids import is_uuid

_GAP = "\t"
"""Stands in no reference."""


class Named(NamedTuple):
    """The names of one row; empty for none."""

    row: int
    reference: str
    account_id: str


class Names:
    """Rows with their names, in the order they are added. Close it."""

    def __init__(self, temp_dir: str | None = None) -> None:
        """None yet."""
        self._temp_dir = temp_dir
        self._file: IO[bytes] | None = None

    def add(self, row: int, reference: str | None, account_id: str | None) -> None:
        """Those of a row that can be taken as it stands."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="payflow-names-", dir=self._temp_dir)  # noqa: SIM115  see close()
        self._file.write(f"{row}\t{reference or ''}\t{account_id or ''}\n".encode())

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

    def rewind(self) -> bool:
        """Before the first page; whether there is any."""
        if self._file is not None:
            self._file.seek(0)
        return self._file is not None

    def page(self, most: int) -> list[Named]:
        """The next ones; empty behind the last."""
        lines = islice(self._file, most) if self._file is not None else ()
        return [_named(line) for line in lines]

    def close(self) -> None:
        """Forget all and give the space back. A repeat changes nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _named(line: bytes) -> Named:
    row, reference, account_id = line.decode().removesuffix("\n").split(_GAP)
    return Named(int(row), reference, account_id)

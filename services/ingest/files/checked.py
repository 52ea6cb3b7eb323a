"""The first pass of one file, from its bytes to a report: which columns it has, what its rows ask for, all that is wrong (BAT-08).

Owns what the pass leaves on disk while the request lasts. Takes long: run it in a thread. Must not know requests or batches.
"""

import tempfile
from collections.abc import Sequence
from types import TracebackType
from typing import IO

from domain.intake.faults import Fault
from schemas.currencies import Currencies
from services.ingest.files.check import Check
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import Kind, open_rows
from services.ingest.files.names import Names
from services.ingest.files.pain001 import Pain001File
from services.ingest.files.reading import Corrections, Reading
from services.ingest.staging.upload_record import FileOptions, Report

NAMING = frozenset({"reference", "bank_account_id"})


class Checked:
    """What the first pass leaves, on disk while the request lasts: good rows in chunks, faults in a book. A context manager."""

    def __init__(self, kind: Kind, options: FileOptions, temp_dir: str | None) -> None:
        """Nothing is checked yet."""
        self.kind = kind
        self.options = options
        self._temp_dir = temp_dir
        self.spool: IO[bytes] = tempfile.TemporaryFile(prefix="payflow-rows-", dir=temp_dir)  # noqa: SIM115  closed on exit
        self.book = FaultBook(temp_dir)
        self.known: FaultBook | None = None
        """What others than the file know against its rows, once they are asked."""
        self.names = Names(temp_dir)
        self.report = Report()
        self.digest: str | None = None
        self.message_id: str | None = None

    def book_known(self) -> FaultBook:
        """The book for what is known."""
        if self.known is None:
            self.known = FaultBook(self._temp_dir)
        return self.known

    def start_over(self) -> None:
        """Forget the good rows and the faults of a pass."""
        self.spool.seek(0)
        self.spool.truncate()
        self.book.close()
        self.book = FaultBook(self._temp_dir)

    def __enter__(self) -> "Checked":
        """Itself."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Give the space back."""
        for kept in (self.spool, self.book, self.names, self.known):
            if kept is not None:
                kept.close()


def open_reading(
    kind: Kind,
    file: IO[bytes],
    options: FileOptions,
    currencies: Currencies,
    owner: str,
    corrections: Corrections | None = None,
) -> Reading | list[Fault]:
    """How the file's rows are read, from its header; or what is wrong with that. `owner`: whose it is. Run it in a thread."""
    try:
        header = next(iter(open_rows(kind, file)), None)
    except FileFaultError as error:
        return [error.fault]
    if header is None:
        return [Fault(pointer="/file", code="required", detail="is empty; the first row names the columns")]
    reading = Reading(header, options, currencies, owner, corrections)
    return reading.faults or reading


def check_file(checked: Checked, file: IO[bytes], reading: Reading, day: str | None) -> None:
    """The first pass. `day`: payments for later days are refused. Takes long: run it in a thread.

    Faults are told by row, and which references come again is known at the end only: such a file is passed over once more. So is one about
    whose rows something is known (`checked.known`) that was not known before.
    """
    repeated = _pass(checked, file, reading, day, ())
    if repeated:
        checked.start_over()
        _pass(checked, file, reading, day, repeated)


def _pass(
    checked: Checked, file: IO[bytes], reading: Reading, day: str | None, repeated: Sequence[tuple[int, int]]
) -> Sequence[tuple[int, int]]:
    """One pass over all rows; the rows that have an earlier one's reference. Only the first of all puts by what the rows name."""
    source = open_rows(checked.kind, file, today=day)
    cells = iter(source)
    next(cells, None)
    accept_valid = checked.options.accept_valid
    names = checked.names if NAMING.intersection(reading.fields) and checked.known is None and not repeated else None
    known = checked.known.again() if checked.known is not None else ()
    check = Check(
        source, reading, checked.spool, checked.book,
        accept_valid=accept_valid, repeated=repeated, known=known, names=names,
    )  # fmt: skip
    checked.report = check.run(cells)
    checked.digest = check.digest if checked.report.good_count else None
    if isinstance(source, Pain001File) and source.group is not None:
        checked.message_id = source.group.message_id
    return check.repeated()

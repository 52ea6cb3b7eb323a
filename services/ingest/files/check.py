"""The first pass over a file: every row is read and checked before any is submitted (BAT-08).

Owns what is counted on the way: faults, sums, equal rows, references, and the digest of what the good rows ask for. The good ones go to a
spool in chunks. Memory stays the same but for sixteen bytes a row, twice that with references. Takes long: run it in a thread. Must not
know how a row is read.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import IO

import msgspec

from domain.intake.faults import Fault
from schemas.forms import PayoutForm
from schemas.ids import BATCH_ROWS_MAX
from schemas.money import MoneyError, parse_amount
from services.ingest.chunks import ChunkCutter, write_chunk
from services.ingest.files.equal_rows import EqualRows
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import RowsFile
from services.ingest.files.names import Names
from services.ingest.files.reading import REPEATED, Reading
from services.ingest.staging.upload_record import Report

EQUAL_LISTED = 1000
_TOO_MANY = Fault(
    pointer="/rows", code="limit_exceeded", detail=f"a batch has at most {BATCH_ROWS_MAX} rows", row=BATCH_ROWS_MAX
)
_encoder = msgspec.json.Encoder()


class Check:
    """One pass over one file. After `run`: `report`, `digest`, and the faults in the book."""

    def __init__(
        self,
        rows: RowsFile,
        reading: Reading,
        spool: IO[bytes],
        book: FaultBook,
        *,
        accept_valid: bool,
        repeated: Sequence[tuple[int, int]] = (),
        known: Iterable[Fault] = (),
        names: Names | None = None,
    ) -> None:
        """`rows` stand behind their header. Good rows go to `spool`; without `accept_valid` only until the first fault.

        `repeated`: pairs of a row and the one before it that has its reference, as a pass before this one has found them. `known`: faults
        by row that others than the file know. What rows name goes to `names`.
        """
        self._rows = rows
        self._reading = reading
        self._spool = spool
        self._book = book
        self._accept_valid = accept_valid
        self._cutter = ChunkCutter()
        self._equal, self._references = EqualRows(), EqualRows()
        self._repeated = iter(repeated)
        self._repeats = next(self._repeated, None)
        self._known = groupby(known, key=lambda fault: fault.row)
        self._due = next(self._known, None)
        self._names = names
        self._sha = hashlib.sha256()
        self._sums: dict[str, int] = {}
        self._good = 0
        self._torn = False

    def run(self, cells: Iterator[Sequence[str]]) -> Report:
        """Read every row. What cannot be read on is a fault like others, and the last one."""
        count = 0
        try:
            for count, row in enumerate(cells, 1):
                if count > BATCH_ROWS_MAX:
                    self._book.add([_TOO_MANY])
                    self._torn = True
                    break
                self._take(row, count)
        except FileFaultError as error:
            self._book.add([error.fault])
            self._torn = True
        self._take_faults()
        if (chunk := self._cutter.rest()) is not None:
            write_chunk(self._spool, chunk)
        equal = self._equal.pairs()
        return Report(
            row_count=count,
            good_count=self._good,
            fault_count=self._book.count,
            torn=self._torn,
            listed_count=self._book.kept,
            equal_count=len(equal),
            equal_rows=equal[:EQUAL_LISTED],
            sums_minor=self._sums,
            columns=list(self._reading.columns.own),
            fields=list(self._reading.fields),
        )

    def repeated(self) -> list[tuple[int, int]]:
        """Pairs of a row and the first with its reference. Where bad rows stay out, theirs are nobody's."""
        return self._references.pairs()

    @property
    def digest(self) -> str:
        """SHA-256 of what the good rows ask for, in order, whatever the file looks like."""
        return self._sha.hexdigest()

    def _take(self, cells: Sequence[str], row: int) -> None:
        read = self._reading.read(cells, row)
        if self._due is not None and self._due[0] == row:
            self._take_known(cells, row, read)
            return
        if self._repeats is not None and self._repeats[0] == row:
            read = self._again(read, self._repeats)
        found = self._take_faults() if self._rows.faults else False
        if isinstance(read, list):
            self._book.add(read)
            self._add_sum(self._reading.amount_of(cells, row))
            self._note_bad(cells, row)
        elif found:
            self._sums[read.currency] = self._sums.get(read.currency, 0) + read.amount_minor
            self._note(read.reference, row)
            if self._names is not None and not self._accept_valid:
                self._names.add_raw(row, read.reference, read.bank_account_id)
        else:
            self._take_good(read, row)

    def _again(self, read: PayoutForm | list[Fault], pair: tuple[int, int]) -> list[Fault]:
        """The faults of a row, one of which is that its reference is an earlier row's."""
        self._repeats = next(self._repeated, None)
        return [*(read if isinstance(read, list) else []), self._reading.repeated(*pair)]

    def _take_known(self, cells: Sequence[str], row: int, read: PayoutForm | list[Fault]) -> None:
        """A row with faults that others know, beside its own. Its reference is told already if an earlier payout has it."""
        assert self._due is not None
        known = self._reading.named(list(self._due[1]))
        self._due = next(self._known, None)
        if self._repeats is not None and self._repeats[0] == row:
            known += self._again([], self._repeats)
        self._take_faults()
        self._book.add([*(read if isinstance(read, list) else []), *known])
        asked = self._reading.amount_of(cells, row) if isinstance(read, list) else None
        self._add_sum(asked)
        if isinstance(read, PayoutForm):
            self._sums[read.currency] = self._sums.get(read.currency, 0) + read.amount_minor
        if all(fault.code != REPEATED for fault in known):
            self._note(self._reading.cell_of("reference", cells, row), row)

    def _note_bad(self, cells: Sequence[str], row: int) -> None:
        reference = self._reading.cell_of("reference", cells, row)
        self._note(reference, row)
        if self._names is not None and not self._accept_valid:
            self._names.add_raw(row, reference, self._reading.cell_of("bank_account_id", cells, row))

    def _note(self, reference: str | None, row: int) -> None:
        """A bad row has its reference too, where it is to be corrected and not left out."""
        if reference and not self._accept_valid:
            self._references.add(reference, row)

    def _take_good(self, form: PayoutForm, row: int) -> None:
        encoded = _encoder.encode(form)
        self._good += 1
        self._sha.update(encoded)
        self._equal.add(encoded, row)
        if form.reference is not None:
            self._references.add(form.reference, row)
        if self._names is not None and (form.reference is not None or form.bank_account_id is not None):
            self._names.add(row, form.reference, form.bank_account_id)
        self._sums[form.currency] = self._sums.get(form.currency, 0) + form.amount_minor
        if (self._accept_valid or not self._book.count) and (chunk := self._cutter.add_encoded(encoded)) is not None:
            write_chunk(self._spool, chunk)

    def _take_faults(self) -> bool:
        """Move the file's own faults into the book; whether any is about a row."""
        found, self._rows.faults = self._rows.faults, []
        self._book.add(found)
        self._torn = self._torn or any(fault.row is None for fault in found)
        return any(fault.row is not None for fault in found)

    def _add_sum(self, asked: tuple[str, str] | None) -> None:
        """A bad row's amount counts where it can be read, so that the file's own total is what is compared."""
        if asked is None:
            return
        try:
            self._sums[asked[0]] = self._sums.get(asked[0], 0) + parse_amount(asked[1], asked[0])
        except MoneyError:
            return

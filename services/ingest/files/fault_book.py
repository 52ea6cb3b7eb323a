"""All faults of a file, on disk: as many as there are, within a bound, without holding them in memory (BAT-08).

Past the bound only the first fault of each row is kept, so that whoever pairs rows with what became of them never takes a bad row for a
good one (BAT-14). Owns the form: one JSON document a line, so that a page of them can be found. Must not know who reads it.
"""

import tempfile
from collections.abc import Iterator
from typing import IO

import msgspec

from domain.intake.faults import Fault

FAULTS_KEPT_MAX = 1_000_000
"""And then one more for each row, of which a file has a bounded number too."""
FAULTS_LISTED = 1000

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Fault)


class FaultBook:
    """Faults in the order they were found; the first FAULTS_LISTED are also at hand. Close it."""

    def __init__(self, temp_dir: str | None = None) -> None:
        """Empty."""
        self.file: IO[bytes] = tempfile.TemporaryFile(prefix="payflow-faults-", dir=temp_dir)  # noqa: SIM115  see close()
        self.count = 0
        self.kept = 0
        self.first: list[Fault] = []
        self._row = 0

    def add(self, faults: list[Fault]) -> None:
        """Keep faults."""
        self.count += len(faults)
        self.first += faults[: max(FAULTS_LISTED - len(self.first), 0)]
        for fault in faults:
            is_first_of_row = fault.row is not None and fault.row > self._row
            if is_first_of_row or self.kept < FAULTS_KEPT_MAX:
                self._keep(fault)

    def _keep(self, fault: Fault) -> None:
        self._row = max(self._row, fault.row or 0)
        self.file.write(_encoder.encode(fault) + b"\n")
        self.kept += 1

    def again(self) -> Iterator[Fault]:
        """Those that are kept, from the first on."""
        self.file.seek(0)
        return read_faults(self.file)

    def close(self) -> None:
        """Give the space back. A repeat changes nothing."""
        self.file.close()


def read_faults(file: IO[bytes]) -> Iterator[Fault]:
    """The faults of a book's file from where it stands."""
    return (_decoder.decode(line) for line in file)

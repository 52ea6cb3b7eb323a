"""All faults of a file, on disk: as many as there are, within a bound, without holding them in memory (BAT-08).

Owns the form: one JSON document a line, so that a page of them can be found. Must not know who reads it.
"""

import tempfile
from collections.abc import Iterator
from typing import IO

import msgspec

from domain.intake.faults import Fault

FAULTS_KEPT_MAX = 1_000_000
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

    def add(self, faults: list[Fault]) -> None:
        """Keep faults."""
        self.count += len(faults)
        self.first += faults[: max(FAULTS_LISTED - len(self.first), 0)]
        for fault in faults[: max(FAULTS_KEPT_MAX - self.kept, 0)]:
            self.file.write(_encoder.encode(fault) + b"\n")
            self.kept += 1

    def close(self) -> None:
        """Give the space back. A repeat changes nothing."""
        self.file.close()


def read_faults(file: IO[bytes]) -> Iterator[Fault]:
    """The faults of a book's file from where it stands."""
    return (_decoder.decode(line) for line in file)

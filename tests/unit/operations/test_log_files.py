"""Files of a backup: what is written comes back, what is damaged is refused (RUN-26)."""

import gzip
import hashlib
from pathlib import Path

import msgspec
import pytest

from payflow.log_dump import BackupError, Dumped, Line, Record, _line, check, records_of
from payflow.log_refill import BATCH_BYTES, _runs
from payflow.switch import NotSwitchedError, beside

pytestmark = pytest.mark.unit
RECORDS = [
    Record(0, 1, b"demo", b"{}", [("src", b"0"), ("odd", b"\xff")]),
    Record(1, 2, None, None, []),
    Record(4, 3, b"", b"", []),
]


class Kafka(msgspec.Struct):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def write(path: Path, lines: list[Line]) -> Dumped:
    data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data))
    return Dumped(0, 6, len(lines), hashlib.sha256(data).hexdigest())


def lines() -> list[Line]:
    return [_line(Kafka(*record)) for record in RECORDS]  # type: ignore[arg-type]


def test_bytes_nulls_and_odd_headers_come_back(tmp_path: Path) -> None:
    dumped = write(tmp_path / "a.gz", lines())
    assert list(records_of(tmp_path / "a.gz", dumped)) == RECORDS


def test_a_file_that_lost_a_line_a_byte_or_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    dumped = write(path, lines())
    whole = path.read_bytes()
    write(path, lines()[:-1])
    with pytest.raises(BackupError, match="not whole: 2 records, 3"):
        check(path, dumped)
    path.write_bytes(whole[:-12])
    with pytest.raises(BackupError, match="cannot be read"):
        check(path, dumped)
    path.write_bytes(gzip.compress(b"{rubbish\n"))
    with pytest.raises(BackupError, match="cannot be read"):
        check(path, dumped)


def test_runs_end_at_holes_and_at_a_size() -> None:
    assert [[one.offset for one in run] for run in _runs(RECORDS)] == [[0, 1], [4]]
    big = [Record(offset, 0, None, b"x" * BATCH_BYTES, []) for offset in range(3)]
    assert [[one.offset for one in run] for run in _runs(big)] == [[0], [1], [2]]
    assert list(_runs([])) == []


def test_a_schema_name_that_postgres_would_cut_short_is_refused() -> None:
    assert beside("payflow", "_rebuild") == "payflow_rebuild"
    with pytest.raises(NotSwitchedError, match="longer than 63"):
        beside("x" * 60, "_rebuild")

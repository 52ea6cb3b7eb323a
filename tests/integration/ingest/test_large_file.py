"""Large files in constant memory: the last bad row of a million is found before anything is submitted (BAT-03, BAT-08, BAT-14)."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

PEAK = """
from pathlib import Path

def peak():
    # Of this program alone: what getrusage says begins with the peak of whoever started it.
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])
"""

PROGRAM = """
import tempfile
from schemas.currencies import enabled
from services.ingest.files.checked import Checked, check_file, open_reading
from services.ingest.files.kinds import kind_of
from services.ingest.staging.upload_record import FileOptions

file = tempfile.TemporaryFile()
file.write(b"msisdn,amount,currency,name\\n")
for row in range(1, 1_000_001):
    number = "0" if row == 999_999 else f"+25677{row:07}"
    file.write(f"{number},1.25,USD,Payee {row}\\n".encode())
kind, options, currencies = kind_of(file, file.tell()), FileOptions(), enabled({"USD"})
with Checked(kind, options, None) as checked:
    check_file(checked, file, open_reading(kind, file, options, currencies, "demo"), None)
    report = checked.report
    print(report.row_count, report.fault_count, checked.book.first[0].row, checked.book.first[0].column)
    print(peak() // 1024)
"""


def test_line_999_999_is_found_in_constant_memory__BAT_08() -> None:
    done = subprocess.run([sys.executable, "-c", PEAK + PROGRAM], capture_output=True, text=True, timeout=300, check=True)
    found, memory = done.stdout.split("\n")[:2]
    assert found == "1000000 1 999999 msisdn"
    assert int(memory) <= 300, "MiB"


WORKBOOK = """
import tempfile
from services.ingest.files.xlsx import XlsxFile
from services.ingest.files.xlsx_writer import XlsxWriter
file = tempfile.TemporaryFile()
writer = XlsxWriter(file)
before = peak()
writer.write([f"+25677{row:07}", "1000.50", "USD", f"R-{row}", f"Payee {row}"] for row in range(100_000))
writer.end()
count = sum(1 for _ in XlsxFile(file))
print(count, (peak() - before) // 1024)
"""


def test_a_hundred_thousand_rows_are_written_and_read_in_constant_memory__BAT_03_BAT_14() -> None:
    done = subprocess.run([sys.executable, "-c", PEAK + WORKBOOK], capture_output=True, text=True, timeout=300, check=True)
    count, grown = map(int, done.stdout.split())
    assert count == 100_000
    assert grown <= 40, "MiB"

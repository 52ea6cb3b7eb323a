"""What the clients saw and what was done to the product: lines of JSON, written at once.

Owns the files of the evidence folder that the harness writes itself (see README.md here). Must not judge.
"""

import json
import time
from pathlib import Path
from typing import Any, TextIO


def now_ms() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


class Lines:
    """One file of JSON lines."""

    def __init__(self, path: Path) -> None:
        """Opened with the first line."""
        self._path = path
        self._file: TextIO | None = None
        self.count = 0

    def add(self, **line: Any) -> None:
        """Write one line; it is on its way to the file when this returns."""
        if self._file is None:
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.count += 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

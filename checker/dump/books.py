"""The provider simulator's books to JSON lines, straight from its SQLite file.

Owns reading beside the running simulator. Rows of `transfers` come as they are; rows of other tables name theirs in `table`.
"""

import sqlite3
from pathlib import Path

from checker.dump.lines import dump_line


def dump_books(books: Path, path: Path) -> dict[str, int]:
    """Write every table; returns table to rows. Raises sqlite3.Error."""
    counts: dict[str, int] = {}
    connection = sqlite3.connect(f"{books.resolve().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        with path.open("w", encoding="utf-8") as out:
            for name in names:
                counts[name] = 0
                for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'):  # noqa: S608  a name from the file itself
                    named = dict(row) if name == "transfers" else {**dict(row), "table": name}
                    out.write(dump_line(named) + "\n")
                    counts[name] += 1
    finally:
        connection.close()
    return counts

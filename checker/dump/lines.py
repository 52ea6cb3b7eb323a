"""One row of evidence as a line of text.

Owns the spelling: ASCII only, so that what no encoding can write, such as a lone surrogate in somebody's value, cannot break the dump.
"""

import json
from typing import Any


def dump_line(row: Any) -> str:
    """JSON in one line, without its end."""
    return json.dumps(row, ensure_ascii=True, separators=(",", ":"), default=repr)

"""What the mini pipeline keeps of each change of a payout, where that is promised.

Owns the lines; they name what the product's do: where on the log, which payout, what it is now, when.
"""

from datetime import UTC, datetime
from typing import Any

HISTORY = (
    "COPY payout_changes (partition, next_offset, idx, payout_id, merchant_id, batch_id, version, status, provider_reference, at)"
    " FROM STDIN"
)
KINDS = {"accepted": (1, "pending"), "started": (2, "processing"), "completed": (3, "completed")}


class History:
    """The lines of one poll, as COPY reads them."""

    def __init__(self) -> None:
        """None yet."""
        self._parts: list[str] = []

    def add(self, chunk: dict[str, Any], partition: int, offset: int) -> None:
        """Those of one event."""
        version, status = KINDS[chunk["kind"]]
        now = datetime.now(UTC).isoformat()
        head = f"{partition}\t{offset}\t"
        middle = f"\t{chunk['merchant']}\t{chunk['batch']}\t{version}\t{status}\t"
        rows = ((name, "\\N") for name in chunk["rows"]) if status == "processing" else _told(chunk["rows"], status)
        self._parts += [f"{head}{idx}\t{name}{middle}{told}\t{now}\n" for idx, (name, told) in enumerate(rows)]

    def lines(self) -> str:
        """All of them."""
        return "".join(self._parts)


def _told(rows: list[list[Any]], status: str) -> list[tuple[str, str]]:
    return [(row[0], row[1] if status == "completed" else "\\N") for row in rows]

"""How much goes into one transaction.

Owns the adaptive limit: a transaction takes what has come in meanwhile, up to the limit. After a fault the limit is one record, so that
all good records before the faulty one are written and the partition halts exactly there; then it grows again.
"""

from services.projector.changes import Changes

TAKEN_AT_ONCE = 100
"""Records asked of the consumer at a time; they are in its memory already, so this bounds only what waits undecoded beside it."""


class Limits:
    """At most `records_max` records, and no further record once there are `changes_max` payout changes."""

    def __init__(self, records_max: int = 40, changes_max: int = 20_000) -> None:
        """Starts at the full size."""
        self._records_max = self._records = records_max
        self._changes_max = changes_max

    def is_full(self, changes: Changes) -> bool:
        """Whether the transaction takes no further record."""
        return changes.records >= self._records or changes.change_count >= self._changes_max

    def room(self, changes: Changes) -> int:
        """How many records to fetch for it; at least one."""
        return max(1, min(TAKEN_AT_ONCE, self._records - changes.records))

    @property
    def is_single(self) -> bool:
        """Whether every record has a transaction of its own."""
        return self._records == 1

    def shrink(self) -> None:
        """One record at a time from now on."""
        self._records = 1

    def grow(self) -> None:
        """A transaction went well."""
        self._records = min(self._records * 2, self._records_max)

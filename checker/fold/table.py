"""The moves a payout may make, taken from FEATURES LIF-01 by hand.

Owns this table and nothing else.
"""

MOVES: dict[str, frozenset[str]] = {
    "pending": frozenset({"processing", "canceled"}),
    "processing": frozenset({"completed", "failed", "requires_action"}),
    "requires_action": frozenset({"processing", "completed", "failed"}),
    "completed": frozenset({"returned"}),
    "failed": frozenset(),
    "canceled": frozenset(),
    "rejected": frozenset(),
    "returned": frozenset(),
}
TERMINAL = frozenset({"completed", "failed", "canceled", "rejected", "returned"})
UNFINISHED = frozenset({"pending", "processing", "requires_action"})


def legal(origin: str, target: str) -> bool:
    """Whether the table has this move; an unfinished payout may change without leaving its state."""
    return target in MOVES.get(origin, frozenset()) or (origin == target and target in UNFINISHED)

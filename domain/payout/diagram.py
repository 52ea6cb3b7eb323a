"""The state diagram, drawn from the one table (LIF-02)."""

from domain.payout.state import TRANSITIONS
from schemas.words import PayoutStatus


def state_diagram() -> str:
    """Mermaid text of TRANSITIONS, with the two states a payout can be born in."""
    lines = ["stateDiagram-v2", f"    [*] --> {PayoutStatus.PENDING}", f"    [*] --> {PayoutStatus.REJECTED}"]
    for origin, targets in TRANSITIONS.items():
        lines += [f"    {origin} --> {target}" for target in sorted(targets)]
        if not targets:
            lines.append(f"    {origin} --> [*]")
    return "\n".join(lines) + "\n"

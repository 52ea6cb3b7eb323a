"""Generated files are what the code says now (RUN-14)."""

import pytest

from payflow.schemas_export import ROOT, generated


@pytest.mark.parametrize("path", sorted(generated()))
def test_a_generated_file_is_not_stale(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == generated()[path], f"{path} is stale: run `make schemas`"


def test_the_diagram_is_drawn_from_the_table() -> None:
    from domain.payout.state import TRANSITIONS

    drawn = generated()["docs/state-machine.md"]
    moves = {(origin, target) for origin, targets in TRANSITIONS.items() for target in targets}
    assert all(f"    {origin} --> {target}\n" in drawn for origin, target in moves)
    assert drawn.count(" --> ") == len(moves) + 2 + sum(not targets for targets in TRANSITIONS.values())

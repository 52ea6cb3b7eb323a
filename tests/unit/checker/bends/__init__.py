"""Ways to bend the story's evidence: each function breaks one thing in the files, as a bug or a fault would.

Owns the whole list; each module has the bends of one thing, and names the invariants that must see them.
"""

from itertools import chain
from types import ModuleType

from tests.unit.checker.bends import (
    accounts,
    cancels,
    clients,
    decisions,
    endings,
    honest,
    letters,
    missing,
    money,
    order,
    promises,
    provider,
    refusals,
    requests,
    views,
)
from tests.unit.checker.bends.places import Bend

_BENT: tuple[ModuleType, ...] = (
    accounts,
    cancels,
    clients,
    decisions,
    endings,
    letters,
    money,
    order,
    promises,
    provider,
    refusals,
    requests,
    views,
)

BENDS: list[tuple[str, str, Bend]] = list(chain.from_iterable(module.BENDS for module in _BENT))
"""Invariant, what is bent, and how."""
HONEST = [*honest.HONEST, *accounts.HONEST]
"""What a right run may have besides."""
NEEDED, UNTOLD = missing.NEEDED, missing.UNTOLD

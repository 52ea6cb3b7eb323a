"""What must hold. Own small folds of the raw log and the books; nothing of the product's law is used.

Owns the lists of checks: `safety` at any time, `at_rest` once all is quiet. A check that cannot be made is a violation, too.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tests.simulation.checks import asked, feed, ledger, promises, provider, reads, rest, story, views
from tests.simulation.checks import at_rest as resting

__all__ = ["at_rest", "feed", "is_quiet", "safety", "unrest"]

is_quiet, unrest = rest.is_quiet, rest.unrest


def safety(world: Any, journal: list[Any]) -> None:
    """What must hold at every instant."""
    world.violations += rest.halted(world)
    for check in (ledger.check, provider.check, promises.check, asked.check, views.check, reads.check, resting.replay):
        world.violations += _made(check, world, journal)


def at_rest(world: Any, journal: list[Any], followers: list[Any]) -> None:
    """What must hold once everything is decided and projected."""
    for check in resting.CHECKS:
        world.violations += _made(check, world, journal)
    world.violations += feed.check(world, followers)


def _made(check: Callable[..., Iterable[str]], world: Any, journal: list[Any]) -> list[str]:
    name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
    try:
        told = story.of(world)
        return [*_new(told, world), *check(world, told, journal)]
    except Exception as error:  # noqa: BLE001  what cannot be folded is not what was promised
        return [f"unfoldable: {name}: {error!r}"[:300]]


def _new(told: story.Story, world: Any) -> list[str]:
    return [fault for fault in told.faults if fault not in world.violations]

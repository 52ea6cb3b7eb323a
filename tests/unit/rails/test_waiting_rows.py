"""Rows of a batch that wait for funds: nobody asks for them, and they are asked for as soon as they are funded (BAT-10)."""

from types import SimpleNamespace
from typing import Any

from runtime.clock import SystemClock
from schemas.codec import encode
from schemas.words import Funding
from services.processor.inbox import Inbox
from services.processor.rails.partition import PartitionRail, Tools
from tests.support.given import ACME, Scene, form


def _rail() -> PartitionRail:
    none: Any = None
    calls: Any = SimpleNamespace(line=SimpleNamespace(down=False, group_max=1), provider=SimpleNamespace(name="bank"))
    return PartitionRail(0, Tools(none, SystemClock(), none, none, calls, lambda: 10), Inbox(lambda: None, lambda: None))


def _taken(rail: PartitionRail) -> list[str]:
    taken = rail.work.take_ready(10)
    return taken[1] if taken is not None else []


def test_only_rows_that_are_held_lie_ready() -> None:
    """A hundred thousand rows that wait are not gone through time and again."""
    scene = Scene().merchant(USD=25)
    batch_id, ids = scene.released(*[form(10)] * 5, funding=Funding.AS_AVAILABLE)
    scene.credit(5)
    rail = _rail()
    for offset, record in enumerate(scene.records[:-1]):
        rail._live(offset, encode(record))
    assert (rail.work.ready.count, _taken(rail), _taken(rail)) == (2, ids[:2], [])
    rail._live(len(scene.records) - 1, encode(scene.records[-1]))
    assert (rail.work.ready.take(10), rail.work.ready.count) == (((ACME, batch_id), ids[2:3]), 0)

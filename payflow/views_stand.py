"""Whether the views can get to the end of the log as it is now, or stand before a record that nobody can project (RUN-27, RUN-28).

Owns reading the part of the log that the views lack, and waiting a bounded time for a projector that is merely behind. Must not write.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

import psycopg

from runtime.event_log.guard import check_topics
from runtime.event_log.reader import Contiguity, GapFoundError, history
from runtime.settings import ServiceSettings
from schemas.codec import CodecError, decode_event
from schemas.topics import EVENTS

WAIT_SECONDS = 10.0
LOOK_SECONDS = 0.25

Positions = Mapping[int, tuple[int, int]]
"""Partition to the views' next offset and next source offset."""


class Stand(NamedTuple):
    """`stuck`: what keeps a partition's views where they are, in words; `behind`: partitions whose views move, and are not there yet."""

    stuck: list[str]
    behind: list[int]


def look(settings: ServiceSettings, wait_seconds: float = WAIT_SECONDS) -> Stand:
    """Read what the views lack, and see that they take it in. Raises RefusedStartError, psycopg.OperationalError or KafkaError."""
    first = positions(settings)
    last, stuck = asyncio.run(_lacking(settings, first))
    deadline = time.monotonic() + wait_seconds
    now = positions(settings)
    while (behind := _behind(last, now)) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        now = positions(settings)
    still = [partition for partition in behind if _at(now, partition) == _at(first, partition)]
    stuck += [
        f"partition {partition}: the views stand at {_at(now, partition)[0]}, the log has records up to {last[partition]}, and nothing "
        f"moved for {wait_seconds:g} s: the projector does not run or has halted"
        for partition in still
    ]
    return Stand(stuck, [partition for partition in behind if partition not in still])


def positions(settings: ServiceSettings) -> dict[int, tuple[int, int]]:
    """Where the views stand now."""
    with psycopg.connect(settings.database_url, options=f"-c search_path={settings.projection_schema}") as link:
        rows = link.execute("SELECT partition, next_offset, next_source FROM projection_offsets").fetchall()
    return {partition: (offset, source) for partition, offset, source in rows}


def _at(known: Positions, partition: int) -> tuple[int, int]:
    return known.get(partition, (0, 0))


def _behind(last: Mapping[int, int], now: Positions) -> list[int]:
    return [partition for partition, offset in last.items() if _at(now, partition)[0] <= offset]


async def _lacking(settings: ServiceSettings, known: Positions) -> tuple[dict[int, int], list[str]]:
    """Per partition the last record that the views lack, and in words what cannot be read of those."""
    await check_topics(settings, [EVENTS.name])
    last: dict[int, int] = {}
    stuck: list[str] = []
    for partition in range(settings.kafka_partitions):
        start, source = _at(known, partition)
        try:
            found = await _last(settings.kafka_bootstrap_servers, partition, start, source)
        except (GapFoundError, CodecError) as error:
            stuck.append(f"partition {partition}: the views cannot get beyond this: {error}")
        else:
            last.update({partition: found} if found is not None else {})
    return last, stuck


async def _last(bootstrap: str, partition: int, start: int, source: int) -> int | None:
    """The last record from `start` on, which are all read. Raises GapFoundError or CodecError."""
    contiguity, last = Contiguity(partition, source), None
    async for events in history(bootstrap, partition, start):
        for event in events:
            contiguity.check(event)
            decode_event(event.value)
            last = event.offset
    return last

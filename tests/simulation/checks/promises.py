"""What clients were promised: an accepted request has exactly one effect, a refused one none, the same key the same bytes while it lives.

Owns the join of the journal with the log by key and by the key's lives. What was asked for is `asked`. Must not know how keys are stored.
"""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from tests.simulation.checks import lives
from tests.simulation.checks.story import Story
from tests.simulation.checks.wanted import FINAL

MAKES = ("payout", "batch")
Place = tuple[str, str]


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """All promises of all keys."""
    asked: dict[Any, list[Any]] = defaultdict(list)
    keyed: dict[Place, list[Any]] = defaultdict(list)
    for entry in journal:
        asked[entry.asked].append(entry)
        if entry.asked.key is not None:
            keyed[entry.asked.merchant, entry.asked.key].append(entry)
    world.met["key_renewed"] = sum(len(births) > 1 for births in story.births.values())
    faults: list[str] = []
    for first, entries in asked.items():
        for lived in lives.by_life(_lives(story, (first.merchant, first.key)), entries).values():
            faults += _same_bytes(lived)
            faults += _kept(lived)
    for place, entries in keyed.items():
        faults += _effects(story, place, entries)
        faults += _dead(place, _lives(story, place), entries)
        faults += _one_body(place, lives.by_life(_lives(story, place), entries))
    faults += _durable(world, [entry for entry in journal if entry.status == 202])
    for place, booked in story.credits.items():
        faults += [f"promise: credit {place} was booked {len(booked)} times"] if len(booked) > 1 else []
    return faults


def _lives(story: Story, place: Place) -> list[lives.Life]:
    return story.lives.get(place, [])


def _durable(world: Any, entries: list[Any]) -> list[str]:
    """What was accepted and not decided yet stands on the log."""
    if not entries:
        return []
    commands = b"\n".join(c.value or b"" for partition in world.broker.partitions for c in partition.commands)
    lost = [entry for entry in entries if entry.json().get("id", "").encode() not in commands]
    return [f"promise: accepted {entry.asked.route} {entry.asked.key} is not on the log" for entry in lost]


def _same_bytes(entries: list[Any]) -> list[str]:
    replies = {entry.reply for entry in entries if entry.status in FINAL}
    first = entries[0].asked
    return [f"promise: {first.route} {first.key} was answered in {len(replies)} ways"] if len(replies) > 1 else []


def _kept(entries: list[Any]) -> list[str]:
    """Nothing that was done is refused when it is asked again, and nothing that was refused for lack of money is done."""
    done_at = min((e.t1 for e in entries if e.status in FINAL), default=None)
    poor_at = min((e.t1 for e in entries if e.status == 402), default=None)
    faults = []
    for entry in entries:
        late = done_at is not None and entry.t0 >= done_at and entry.result == "refused"
        if late and entry.json().get("code") != "idempotency_in_flight":
            faults.append(f"promise: {entry.asked.route} {entry.asked.key} was done, then refused: {entry.reply[:200]!r}")
        if poor_at is not None and entry.t0 >= poor_at and entry.status in FINAL:
            faults.append(f"promise: {entry.asked.route} {entry.asked.key} was refused for funds, then done")
    return faults


def _one_body(place: Place, lived: dict[int, list[Any]]) -> list[str]:
    """A key stands for one content in each of its lives: another one under it is never answered as done."""
    counts = {life: len({entry.asked.body for entry in entries if entry.status in FINAL}) for life, entries in lived.items()}
    return [f"promise: key {place} was answered for {count} contents" for count in counts.values() if count > 1]


def _effects(story: Story, place: Place, entries: list[Any]) -> list[str]:
    route = entries[0].asked.route
    births = story.births.get(place, [])
    faults = _too_soon(story, place, births)
    if route == "credit":
        return faults + _credit(story, place, entries)
    if route not in MAKES:
        return faults
    done = [entry for entry in entries if entry.status in FINAL]
    ids = {entry.json().get("id") for entry in done}
    if not ids <= set(births):
        faults.append(f"promise: key {place} was answered with {ids}, the log has {births}")
    if births and all(entry.status in {400, 413, 415, 422} for entry in entries):
        faults.append(f"promise: key {place} was refused and has the effect {births}")
    return faults + _too_late(story, place, done)


def _too_soon(story: Story, place: Place, births: list[str]) -> list[str]:
    """A key has one effect in each of its lives."""
    times = [story.born_at[made] for made in births]
    early = [pair for pair in pairwise(times) if pair[1] - pair[0] < lives.DAY_MS]
    return [f"promise: key {place} had {len(births)} effects: {births}"] if early else []


def _too_late(story: Story, place: Place, done: list[Any]) -> list[str]:
    """After its life a key is a new one: what is asked then is done anew."""
    faults = []
    for entry in done:
        made = entry.json().get("id")
        end = story.kept_until.get((*place, made))
        if end is not None and lives.is_past(end, entry):
            faults.append(f"promise: key {place} had expired and was answered with {made}")
    return faults


def _dead(place: Place, known: list[lives.Life], entries: list[Any]) -> list[str]:
    """A stored answer is given again only while its key lives. Rows are known again by themselves, without a key."""
    again = [entry for entry in entries if entry.replayed and entry.asked.route != "rows"]
    return [
        f"promise: key {place} was dead and its answer was given again: {entry.asked.route} {entry.reply[:80]!r}"
        for entry in again
        if not any(lives.may_hold(life, entry) for life in known)
    ]


def _credit(story: Story, place: Place, entries: list[Any]) -> list[str]:
    done = any(entry.status in FINAL for entry in entries)
    times = len(story.credits.get((place[0], f"in-{place[1]}"), []))
    return [f"promise: credit {place} was answered and booked {times} times"] if done and times != 1 else []

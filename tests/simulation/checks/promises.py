"""What clients were promised: an accepted request has exactly one effect, a refused one none, the same key the same bytes.

Owns the join of the journal with the log. Must not know how keys are stored.
"""

from collections import defaultdict
from typing import Any

import orjson

from tests.simulation.checks.story import Story

FINAL = (200, 201, 204)
MAKES = ("payout", "batch")


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """All promises of all keys."""
    asked: dict[Any, list[Any]] = defaultdict(list)
    keyed: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for entry in journal:
        asked[entry.asked].append(entry)
        if entry.asked.key is not None:
            keyed[entry.asked.merchant, entry.asked.key].append(entry)
    faults: list[str] = []
    for entries in asked.values():
        faults += _same_bytes(entries)
        faults += _kept(entries)
    for place, entries in keyed.items():
        faults += _effects(story, place, entries)
        faults += _one_body(place, entries)
        faults += _amounts(story, place, entries)
    faults += _durable(world, [entry for entry in journal if entry.status == 202])
    for place, times in story.credits.items():
        faults += [f"promise: credit {place} was booked {times} times"] if times > 1 else []
    return faults


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


def _one_body(place: tuple[str, str], entries: list[Any]) -> list[str]:
    """A key stands for one content: another one under it is never answered as done."""
    done = {entry.asked.body for entry in entries if entry.status in FINAL}
    return [f"promise: key {place} was answered for {len(done)} contents"] if len(done) > 1 else []


def _effects(story: Story, place: tuple[str, str], entries: list[Any]) -> list[str]:
    route = entries[0].asked.route
    births = story.births.get(place, [])
    if len(births) > 1:
        return [f"promise: key {place} had {len(births)} effects: {births}"]
    if route == "credit":
        return _credit(story, place, entries)
    if route not in MAKES:
        return []
    ids = {entry.json().get("id") for entry in entries if entry.status in FINAL}
    if ids and ids != set(births):
        return [f"promise: key {place} was answered with {ids}, the log has {births}"]
    if births and all(entry.status in {400, 413, 415, 422} for entry in entries):
        return [f"promise: key {place} was refused and has the effect {births}"]
    return []


def _amounts(story: Story, place: tuple[str, str], entries: list[Any]) -> list[str]:
    """What was asked for is what is booked, to the last minor unit."""
    births = story.births.get(place, [])
    done = next((entry for entry in entries if entry.status in FINAL and entry.asked.route in MAKES), None)
    if done is None or len(births) != 1:
        return []
    wanted = orjson.loads(done.asked.body)
    ids = story.rows.get(births[0], []) if done.asked.route == "batch" else births
    rows = wanted.get("rows", []) if done.asked.route == "batch" else [wanted]
    asked = [(int(row["amount"].replace(".", "")), row["currency"]) for row in rows]
    booked = [story.payouts[payout_id].asked for payout_id in ids if payout_id in story.payouts]
    return [f"promise: key {place} asked for {asked}, booked are {booked}"] if rows and asked != booked else []


def _credit(story: Story, place: tuple[str, str], entries: list[Any]) -> list[str]:
    done = any(entry.status in FINAL for entry in entries)
    times = story.credits.get((place[0], f"in-{place[1]}"), 0)
    return [f"promise: credit {place} was answered and booked {times} times"] if done and times != 1 else []

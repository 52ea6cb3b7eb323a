"""What must hold once all is quiet: views are a replay of the log, memories are too, every poison record is kept.

Owns the replay, which holds at any instant too. Must not wait for anything.
"""

from typing import Any

from schemas.codec import decode_event
from services.projector.changes import Changes
from services.projector.project import project
from tests.simulation.checks.story import OPEN, Story
from tests.simulation.tables import Tables

COMMANDS = "payouts.commands"


def replay(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """A rebuild up to where the views stand, each record in a transaction of its own, gives the same rows. Holds at any instant."""
    fresh, live = Tables(), world.database.tables
    for number, partition in enumerate(world.broker.partitions):
        stands = fresh.position(number)
        ends = live.offsets.get(number, (0, 0, 0))[0]
        for event in (event for event in partition.committed() if event.offset < ends):
            changes = Changes(number, stands.next_offset, stands.next_source)
            project(changes, event.offset, decode_event(event.value))
            fresh.apply(changes)
            stands = fresh.position(number)
    names = sorted(set(fresh.rows) | set(live.rows))
    faults = [f"replay: {name} differs" for name in names if fresh.rows[name] != live.rows[name]]
    stand = {number: live.offsets.get(number, (0, 0, 0)) for number in fresh.offsets}
    return faults + ([] if fresh.offsets == stand else [f"replay: offsets {stand}, not {fresh.offsets}"])


def _views(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """The views say what the events say."""
    rows = world.database.tables.rows
    told = {i: (p.status, p.version, p.amount) for i, p in story.payouts.items()}
    shown = {i: (row["status"], row["version"], row["amount_minor"]) for i, row in rows["payouts"].items()}
    balances = {key: amount for key, amount in story.balances.items() if amount}
    held = {key: row["balance_minor"] for key, row in rows["balances"].items() if row["balance_minor"]}
    faults = [] if told == shown else [f"views: payouts differ: {sorted(set(told.items()) ^ set(shown.items()))[:4]}"]
    return faults if balances == held else [*faults, f"views: balances differ: {set(balances.items()) ^ set(held.items())}"]


def _memories(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """What a writer remembers is what the log says."""
    faults = []
    for name, service in sorted(world.alive.items()):
        for partition, writer in getattr(getattr(service, "assigned", None), "open", {}).items():
            memory = getattr(writer, "_memory", None)
            if memory is not None and memory.next_source == len(world.broker.partitions[partition].commands):
                faults += _memory(f"{name}/{partition}", memory.book, story)
    return faults


def _memory(place: str, book: Any, story: Story) -> list[str]:
    faults = [
        f"memory: {place}: {key} is {amount}" for key, amount in book.balances.items() if story.balances[key] != amount
    ]
    for payout in book.payouts.values():
        told = story.payouts[payout.id]
        if (payout.status, payout.version) != (told.status, told.version):
            faults.append(
                f"memory: {place}: {payout.id} is {payout.status} v{payout.version}, not {told.status} v{told.version}"
            )
    mine = set(book.merchants)
    lost = [t.id for t in story.payouts.values() if t.status in OPEN and t.merchant in mine and t.id not in book.payouts]
    return [*faults, *(f"memory: {place}: open payout {payout_id} is forgotten" for payout_id in lost)]


def _letters(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """Each record that cannot be read is kept with its bytes and its place; a header says that an empty key stands for none."""
    kept = {
        (letter.header("topic"), letter.header("partition"), letter.header("offset")): letter
        for letter in world.broker.dead_letters
    }
    faults = []
    for number, offset in story.unreadable:
        letter = kept.get((COMMANDS, str(number), str(offset)))
        record = world.broker.partitions[number].commands[offset]
        if letter is None or (_original_key(letter), letter.value) != (record.key, record.value):
            faults.append(f"dead letters: {number}@{offset} is not kept as it was")
    return faults


def _original_key(letter: Any) -> bytes | None:
    return None if (letter.key, letter.header("original-null-key")) == (b"", "1") else letter.key


CHECKS = (_views, _memories, _letters)

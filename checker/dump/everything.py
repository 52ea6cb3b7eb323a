"""One dump of all that can be read: which files there are, and from where.

Owns the evidence folder's names on the writing side, and ends.json.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checker.dump.books import dump_books
from checker.dump.topics import dump_topic
from checker.dump.views import dump_schema


@dataclass(frozen=True)
class Places:
    """Where a run's stores are; None for what is not to be read."""

    bootstrap: str | None
    database_url: str | None
    schema: str
    rebuilt_schema: str | None
    books: Path | None
    commands: str = "payouts.commands"
    events: str = "payouts.events"
    dead_letters: tuple[str, ...] = ("payouts.dead-letters",)


def dump(run: Path, places: Places) -> Iterator[str]:
    """Write what is there into the folder; tells what it did, line by line."""
    run.mkdir(parents=True, exist_ok=True)
    if places.bootstrap is not None:
        yield from _topics(run, places, places.bootstrap)
    if places.database_url is not None:
        yield f"sql: {dump_schema(places.database_url, places.schema, run / 'sql')}"
        if places.rebuilt_schema is not None:
            yield f"sql_rebuilt: {dump_schema(places.database_url, places.rebuilt_schema, run / 'sql_rebuilt')}"
    if places.books is not None:
        yield f"books: {dump_books(places.books, run / 'books.jsonl')}"


def _topics(run: Path, places: Places, bootstrap: str) -> Iterator[str]:
    ends: dict[str, dict[str, list[int]]] = {}
    reached: dict[str, dict[str, int]] = {}
    for name, topic, committed in (
        ("commands", places.commands, True),
        ("events.committed", places.events, True),
        ("events.uncommitted", places.events, False),
    ):
        found = dump_topic(bootstrap, topic, run / f"{name}.jsonl", committed=committed)
        ends[name.split(".")[0]] = {partition: place[:2] for partition, place in found.items()}
        reached[name] = {partition: place[2] for partition, place in found.items()}
        yield f"{name}: {reached[name]}"
    with (run / "dead_letters.jsonl").open("w", encoding="utf-8") as out:
        for number, topic in enumerate(places.dead_letters):
            part = run / f".dead_letters.{number}"
            reached[topic] = {
                partition: place[2] for partition, place in dump_topic(bootstrap, topic, part, committed=True).items()
            }
            out.write(part.read_text(encoding="utf-8"))
            part.unlink()
            yield f"dead letters of {topic}: {reached[topic]}"
    (run / "ends.json").write_text(json.dumps({**ends, "position": reached}, indent=1) + "\n")

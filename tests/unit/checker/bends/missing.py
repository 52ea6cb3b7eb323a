"""Evidence that is missing: without it nothing can be said of an invariant."""

from tests.unit.checker.bends.places import Bend

NEEDED: list[tuple[str, str]] = [
    ("I1", "events.committed.jsonl"),
    ("I2", "sql/balances.jsonl"),
    ("I3", "events.committed.jsonl"),
    ("I4", "journal.jsonl"),
    ("I5", "events.committed.jsonl"),
    ("I6", "books.jsonl"),
    ("I7", "books.jsonl"),
    ("I8", "sql_rebuilt/payouts.jsonl"),
    ("I9", "events.uncommitted.jsonl"),
    ("I10", "journal.jsonl"),
    ("I11", "feed.f1.jsonl"),
    ("I12", "journal.jsonl"),
    ("I13", "commands.jsonl"),
    ("I14", "dead_letters.jsonl"),
    ("I16", "events.committed.jsonl"),
    ("I19", "events.committed.jsonl"),
    ("I14", "inbox.jsonl"),
    ("I14", "replies.jsonl"),
    ("I14", "inbox_committed.json"),
    ("I20", "run.json"),
    ("run", "run.json"),
    ("run", "faults.jsonl"),
    ("errors", "journal.jsonl"),
]
"""Invariant, and a file without which nothing can be said of it."""

UNTOLD: list[tuple[str, str, Bend]] = [
    ("run", "crashes", lambda f: f["run.json"].pop("crashes")),
    ("run", "faults", lambda f: f["run.json"].pop("faults")),
    ("run", "owed", lambda f: f["run.json"].pop("owed")),
    ("run", "not_met", lambda f: f["run.json"].pop("not_met")),
    ("I6", "said", lambda f: f.update({"books.jsonl": [row for row in f["books.jsonl"] if "table" not in row]})),
]
"""Invariant, and a part of a file without which nothing can be said of it."""

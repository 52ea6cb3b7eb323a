"""The evidence folder of a told story. Owns its files. Must not know how they were bent."""

import json

from tests.unit.checker.chapters.followers import follow
from tests.unit.checker.chapters.views import tables
from tests.unit.checker.story import Files, Story, T


def folder(story: Story) -> Files:
    last = story.events[-1]
    letter = {"topic": "payouts.commands", "partition": "0", "offset": "6", "code": "unreadable"}
    unreadable = next(row for row in story.commands if row["value"] is None)
    letter["offset"] = str(unreadable["o"])
    views = tables(story, last)
    files: Files = {
        "run.json": {
            "seed": 1,
            "started_ms": T,
            "last_fault_ms": story.at,
            "quiet_ms": story.at + 4000,
            "quiet_bound_ms": 20_000,
            "faults": {"kill": 1},
            "crashes": [],
            "owed": {},
            "form": 2,
            "not_met": [],
            "asked_under_faults": 6,
            "topics": {"commands": "payouts.commands", "events": "payouts.events", "dead_letters": ["payouts.dead-letters"]},
        },
        "ends.json": {"commands": {"0": [0, len(story.commands)]}, "events": {"0": [0, story.offset]}},
        "commands.jsonl": story.commands,
        "events.committed.jsonl": story.events,
        "events.uncommitted.jsonl": story.uncommitted,
        "dead_letters.jsonl": [{**unreadable, "o": 0, "headers": letter}, *story.letters],
        "inbox.jsonl": story.inbox,
        "replies.jsonl": story.replies,
        "inbox_committed.json": {"payouts.inbox.erp": {"0": len(story.inbox), "1": 0}},
        "books.jsonl": [*story.books, *story.said],
        "journal.jsonl": story.journal,
        "feed.f1.jsonl": follow(story),
        "faults.jsonl": [{"t": T, "fault": "F1", "action": "kill", "target": "processor-1"}],
    }
    for table, rows in views.items():
        files[f"sql/{table}.jsonl"] = rows
        files[f"sql_rebuilt/{table}.jsonl"] = rows
    return json.loads(json.dumps(files))

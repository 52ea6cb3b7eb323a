"""How long decisions stood still: from the first time that a command was asked for, not from its repeat."""

import json
from pathlib import Path

from tests.faults import resume

ASKED, DECIDED, KILLED = 1_000_000, 1_004_000, 1_000_500


def _write(folder: Path, name: str, *lines: object) -> None:
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_command_that_came_again_later_has_waited_for_nothing(tmp_path: Path) -> None:
    command = {"id": "c-1", "at": ASKED}
    _write(tmp_path, "commands.jsonl", {"p": 0, "o": 0, "value": command}, {"p": 0, "o": 9, "value": command})
    events = [{"p": 0, "value": {"source_offset": at, "at": when}} for at, when in ((0, DECIDED), (9, DECIDED + 900_000))]
    _write(tmp_path, "events.committed.jsonl", *events)
    kill = {"t": KILLED, "healed": KILLED, "action": "kill_processor", "target": "processor-1"}
    _write(tmp_path, "faults.jsonl", kill)
    assert resume.measure(tmp_path)["alone"] == {"kills": 1, "p50": 4.0, "p95": 4.0, "max": 4.0, "seconds": [4.0]}

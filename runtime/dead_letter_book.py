"""What the dead-letter topic says: each letter once, what was done about it, and how many are still open (RUN-24).

Owns folding letters and resolutions into states, and how often a record went round: a redriven record that is a dead letter again carries
its count in its headers, or is known by the place that it was redriven to. Must not write.
"""

from collections import defaultdict
from collections.abc import Mapping

from aiokafka import ConsumerRecord
from msgspec import Struct
from msgspec.structs import replace

from runtime.dead_letters import CUT, NULL_KEY, ORIGINAL, RESOLUTION

LETTER_HEADER = "payflow-dead-letter"
"""On a redriven record: the letter it was."""
COUNT_HEADER = "payflow-redrives"
"""On a redriven record: how often it went round."""

OPEN, REDRIVING, REDRIVEN = "open", "redriving", "redriven"
DISCARDING, DISCARDED = "discarding", "discarded"
BEGUN = (REDRIVING, DISCARDING)
FINAL = (REDRIVEN, DISCARDED)


class Letter(Struct, frozen=True):
    """One record that nobody could read, as it was, and why. The same coordinates are the same letter."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    code: str
    reason: str
    failed_at: int
    headers: tuple[tuple[str, bytes | None], ...] = ()
    """The record's own; a value can be null, and is redriven so: an empty one would mean something else."""
    whole: int = 0
    """How many bytes the record has, where it was too large and only its beginning is kept; else 0."""

    @property
    def id(self) -> str:
        """What an operator calls it: topic:partition:offset of the original."""
        return f"{self.topic}:{self.partition}:{self.offset}"


class Resolution(Struct, frozen=True):
    """What was done about a letter. `place` is an offset of the letter's own partition: where the end was, or where it went."""

    letter: str
    kind: str
    at: int
    by: str
    reason: str = ""
    token: str = ""
    place: int = -1


class Book:
    """All letters and resolutions that were taken in."""

    def __init__(self, *, keep_bytes: bool = True) -> None:
        """Empty. Who only counts need not `keep_bytes`: letters may be large and many."""
        self._keep_bytes = keep_bytes
        self.letters: dict[str, Letter] = {}
        self.resolutions: dict[str, list[Resolution]] = defaultdict(list)
        self.damaged = 0
        """Records of the topic that are neither; they are counted, never hidden."""
        self._came_from: dict[str, str] = {}

    def take(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        """One record of the topic, in order per partition."""
        ours = ((name, data or b"") for name, data in record.headers if not name.startswith(ORIGINAL))  # one can be null
        headers = {name: data.decode(errors="replace") for name, data in ours}
        try:
            if RESOLUTION in headers:
                self._resolve(_resolution(headers))
            else:
                letter = _letter(record, headers)
                if not self._keep_bytes:
                    letter = replace(letter, key=None, value=None, headers=())
                self.letters.setdefault(letter.id, letter)
        except (KeyError, ValueError):
            self.damaged += 1

    def _resolve(self, resolution: Resolution) -> None:
        self.resolutions[resolution.letter].append(resolution)
        if resolution.kind == REDRIVEN:
            prefix, _, _ = resolution.letter.rpartition(":")
            self._came_from.setdefault(f"{prefix}:{resolution.place}", resolution.letter)

    def last_word(self, letter_id: str) -> Resolution | None:
        """The first final resolution: what came after it changes nothing."""
        return next((done for done in self.resolutions.get(letter_id, ()) if done.kind in FINAL), None)

    def state(self, letter_id: str) -> str:
        """open, redriving or discarding (begun, end unknown), redriven or discarded."""
        final = self.last_word(letter_id)
        if final is not None:
            return final.kind
        done = self.resolutions.get(letter_id)
        return done[-1].kind if done else OPEN

    def redrives(self, letter_id: str) -> int:
        """How often the record had been redriven when it became this letter."""
        letter = self.letters.get(letter_id)
        told = (dict(letter.headers).get(COUNT_HEADER) if letter is not None else None) or b"0"
        counted = int(told) if told.isdigit() else 0
        parent = self._came_from.get(letter_id)
        return max(counted, 0 if parent is None or parent == letter_id else self.redrives(parent) + 1)

    def open_letters(self) -> list[Letter]:
        """Letters that nobody has redriven or discarded, oldest first."""
        found = (letter for letter in self.letters.values() if self.last_word(letter.id) is None)
        return sorted(found, key=lambda letter: (letter.failed_at, letter.id))


def _letter(record: "ConsumerRecord[bytes, bytes]", headers: Mapping[str, str]) -> Letter:
    originals = tuple((name[len(ORIGINAL) :], data) for name, data in record.headers if name.startswith(ORIGINAL))
    return Letter(
        topic=headers["topic"],
        partition=int(headers["partition"]),
        offset=int(headers["offset"]),
        key=None if NULL_KEY in headers else record.key,
        value=record.value,
        code=headers.get("code", ""),
        reason=headers.get("reason", ""),
        failed_at=int(headers.get("failed_at", "0")),
        headers=originals,
        whole=int(headers.get(CUT, "0")),
    )


def _resolution(headers: Mapping[str, str]) -> Resolution:
    return Resolution(
        letter=headers["letter"],
        kind=headers[RESOLUTION],
        at=int(headers["at"]),
        by=headers.get("by", ""),
        reason=headers.get("reason", ""),
        token=headers.get("token", ""),
        place=int(headers.get("place", "-1")),
    )

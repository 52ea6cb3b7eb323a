"""I14: consumed = applied + deduplicated + dead-lettered.

Every command record has its one decision, every decision says which of the three it is, and every unreadable record is kept with its bytes.

Owns that sum per partition, and dead letters against the records they came from.
"""

from collections import Counter

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import KNOWN, events_of
from checker.fold.walk import Watcher, walk
from checker.invariants.i14_inbox import Inbox
from checker.letters import same_bytes
from checker.readable import surely
from checker.upstream import Place
from checker.verdict import Verdict

NO_FACTS = frozenset({"command_refused"})
REFUSALS = frozenset({"command_refused", "batch_refused"})


class NothingSkipped(Watcher):
    """Counts decisions by outcome, then holds them against commands and dead letters."""

    name = "I14"

    def __init__(self, evidence: Evidence) -> None:
        """Nothing counted yet."""
        super().__init__(evidence)
        self._decided: Counter[int] = Counter()
        self._unreadable: dict[tuple[int, int], str] = {}
        self._inbox = Inbox(evidence, self.found)
        self._letters: dict[Place, Record] = {}
        for name in ("commands", "dead_letters"):
            if not evidence.has(f"{name}.jsonl"):
                self.found.lack(f"{name}.jsonl is missing")

    def damaged(self, record: Record, why: str) -> None:
        """A record of the log that cannot be read is the worst of all."""
        self.found.fail(record.place, why)

    def record(self, book: Book, record: Record) -> None:
        """One decision."""
        value = record.value
        self._decided[record.partition] += 1
        self._inbox.record(record)
        kinds = {str(event.get("type")) for event in events_of(value)}
        fits = {
            "decided": bool(kinds) and not kinds & NO_FACTS,
            "repeat": not kinds,
            "refused": bool(kinds) and kinds <= REFUSALS,
        }.get(value.get("outcome"), False)
        self.found.need(fits, record.place, f"is {value.get('outcome')!r} with the events {sorted(kinds)}")
        if not kinds <= KNOWN:
            self.found.fail(record.place, f"has events of unknown type: {sorted(kinds - KNOWN)}")
        if value.get("command_type") == "unreadable":
            self._unreadable[record.partition, value["source_offset"]] = record.place

    def finish(self, book: Book) -> None:
        """Commands, their ends, and dead letters."""
        kept = self._dead_letters()
        consumed: Counter[int] = Counter()
        for command in self.evidence.records("commands"):
            consumed[command.partition] += 1
            self._judge_command(command, kept)
        for partition in sorted(consumed.keys() | self._decided.keys()):
            left, right = consumed[partition], self._decided[partition]
            self.found.need(left == right, f"commands/{partition}", f"{left} records, {right} decisions")
        for name, (low, high) in (self.evidence.ends.get("commands") or {}).items():
            self.found.need(
                consumed[int(name)] == high - low and not low,
                f"commands/{name}",
                f"offsets {low} to {high}, {consumed[int(name)]} records in the dump",
            )
        if not self.evidence.ends.get("commands"):
            self.found.lack("ends.json has no commands")
        self._inbox.finish(self._letters)

    def _dead_letters(self) -> dict[tuple[int, int], Record]:
        """Dead letters of the commands, by the place they came from. The same one may be kept twice."""
        kept: dict[tuple[int, int], Record] = {}
        for letter in self.evidence.records("dead_letters"):
            place = (int(letter.headers.get("partition", -1)), int(letter.headers.get("offset", -1)))
            if letter.headers.get("topic") != self.evidence.commands_topic:
                self._letters[str(letter.headers.get("topic")), *place] = letter
                continue
            kept[place] = letter
            self.found.need(
                place in self._unreadable,
                letter.place,
                f"keeps commands/{place[0]}/{place[1]}, which was decided as readable",
            )
        return kept

    def _judge_command(self, command: Record, kept: dict[tuple[int, int], Record]) -> None:
        place = (command.partition, command.offset)
        decided_at = self._unreadable.get(place)
        if not isinstance(command.value, dict):
            self.found.need(
                decided_at is not None, command.place, "is no JSON object and was decided as if it could be read"
            )
        if decided_at is not None:
            self.found.need(not surely(command), command.place, f"can be read, and was called unreadable ({decided_at})")
        if decided_at is None or not self.evidence.has("dead_letters.jsonl"):
            return
        letter = kept.get(place)
        if letter is None:
            self.found.fail(command.place, f"could not be read ({decided_at}) and is no dead letter")
        elif not same_bytes(letter, command):
            self.found.fail(letter.place, f"does not keep the bytes of {command.place}")


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I14."""
    return walk(evidence, [NothingSkipped(evidence)])["I14"]

"""I10: the same key with the same content gets the same bytes; with other content it gets 409 and nothing happens.

Owns the comparison of all answers under one key, with each other and with what the log remembers (IDM-03 to IDM-06). Of requests that
overlap in time any one may be the first; a request that began after a first answer was given must get that answer.
"""

from collections.abc import Iterable

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.walk import Watcher, walk
from checker.journal import Entry, entries
from checker.verdict import Verdict

CREATED, ACCEPTED, NO_CONTENT, OK = 201, 202, 204, 200
KEPT_REFUSALS = frozenset({402, 422})
FIRST_READ = frozenset({400, 413, 415})
"""A request that cannot be read at all is refused before its key is looked at."""
PASSING = frozenset({"idempotency_in_flight", "idempotency_conflict"})


class Keys(Watcher):
    """Collects what the log remembers, then goes through the journal key by key."""

    name = "I10"

    def __init__(self, evidence: Evidence) -> None:
        """Nothing known yet."""
        super().__init__(evidence)
        self._bodies: dict[tuple[str, str], list[tuple[bytes, int, str]]] = {}
        if not evidence.has("journal.jsonl"):
            self.found.lack("journal.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """An answer that is remembered while another one still is."""
        kept, answer = record.value.get("remember"), record.value.get("answer")
        if not kept or not answer:
            return
        place = (record.value["merchant_id"], kept["key"])
        known = book.keys.get(place)
        if known is not None and known.status is not None and record.value["at"] < known.expires_at:
            self.found.fail(
                record.place, f"key {place[1]!r} of {place[0]} is given a second answer, the first is at {known.offset}"
            )
        self._bodies.setdefault(place, []).append((answer["body"].encode(), answer["status"], record.place))

    def finish(self, book: Book) -> None:
        """Every key of the journal."""
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in entries(self.evidence):
            if entry.is_write and entry.key is not None:
                groups.setdefault((entry.merchant, entry.key), []).append(entry)
        repeats = 0
        for place, group in groups.items():
            repeats += len(group) - 1
            self._judge(place, sorted(group, key=lambda entry: entry.began))
        if groups and not repeats:
            self.found.lack("no request was repeated")

    def _judge(self, place: tuple[str, str], group: list[Entry]) -> None:
        finals = [entry for entry in group if _is_final(entry)]
        for entry in finals:
            self._judge_form(entry)
        for other in finals[1:]:
            self._judge_pair(finals[0], other)
        self._judge_late(group)
        self._judge_resent(group)
        self._against_log(place, finals)

    def _judge_form(self, entry: Entry) -> None:
        if entry.replayed and (entry.status or 0) < 300 and entry.status not in {OK, NO_CONTENT}:
            self.found.fail(entry.place, f"a replay with {entry.status}")
        if entry.creates and not entry.replayed and (entry.status or 0) < 300 and entry.status != CREATED:
            self.found.fail(entry.place, f"{entry.method} {entry.path}: a first answer with {entry.status}")

    def _judge_pair(self, first: Entry, other: Entry) -> None:
        self.found.look()
        if first.content != other.content:
            self.found.fail(
                other.place,
                f"key {other.key!r}: {other.status} for other content than {first.place}, which got {first.status}",
            )
        elif ((first.status or 0) < 300) is not ((other.status or 0) < 300):
            self.found.fail(other.place, f"key {other.key!r}: {other.status}, but {first.place} got {first.status}")
        elif first.reply != other.reply:
            self.found.fail(other.place, f"key {other.key!r}: other bytes than {first.place}")
        elif not first.replayed and not other.replayed:
            self.found.fail(
                other.place, f"key {other.key!r}: a second first answer, without Idempotency-Replayed, see {first.place}"
            )

    def _judge_late(self, group: list[Entry]) -> None:
        """Requests that began when a first answer was there already.

        While a decision cannot be had, `pending` and `in flight` are honest answers to a repeat as well: they promise nothing.
        """
        settled: Entry | None = None
        for entry in sorted(group, key=lambda one: one.ended):
            if _is_final(entry):
                settled = entry
                break
        for entry in group:
            if settled is None or entry.began <= settled.ended or entry is settled or entry.result == "unknown":
                continue
            self.found.look()
            same = entry.content == settled.content
            if _is_open(entry):
                continue
            if same and not _is_final(entry):
                self.found.fail(
                    entry.place, f"key {entry.key!r}: {entry.status} {entry.code}, but {settled.place} had its answer"
                )
            elif same and not entry.replayed:
                self.found.fail(entry.place, f"key {entry.key!r}: not marked as a replay of {settled.place}")
            elif not same and entry.status != 409 and entry.status not in FIRST_READ:
                self.found.fail(
                    entry.place, f"key {entry.key!r}: {entry.status} for other content than {settled.place}, not 409"
                )

    def _judge_resent(self, group: list[Entry]) -> None:
        """Behind the run nothing is in the way any more: who asks again until there is an answer gets a final one."""
        resent = [entry for entry in group if entry.row.get("phase") == "resend"]
        if resent:
            last = max(resent, key=lambda entry: entry.ended)
            what = f"key {last.key!r}: {last.status} {last.code}, asked again when all was quiet"
            self.found.need(last.result != "unknown" and not _is_open(last), last.place, what)

    def _against_log(self, place: tuple[str, str], finals: Iterable[Entry]) -> None:
        kept = self._bodies.get(place)
        for entry in finals:
            if kept is None:
                if (entry.status or 0) < 300:
                    self.found.fail(entry.place, f"key {entry.key!r}: the log remembers no answer for it")
            elif all(entry.reply != body for body, _, _ in kept):
                self.found.fail(entry.place, f"key {entry.key!r}: not the bytes that the log remembers at {kept[0][2]}")


def _is_final(entry: Entry) -> bool:
    """An answer that its key keeps."""
    status = entry.status or 0
    return (200 <= status < 300 and status != ACCEPTED) or (status in KEPT_REFUSALS and entry.code not in PASSING)


def _is_open(entry: Entry) -> bool:
    """An answer that promises nothing: the decision cannot be had yet."""
    return entry.status == ACCEPTED or entry.code == "idempotency_in_flight"


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I10."""
    return walk(evidence, [Keys(evidence)])["I10"]

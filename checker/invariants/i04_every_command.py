"""I4: what a client was told happened did happen, exactly once; what it was refused did not; what it cannot know happened at most once.

Owns the join of journal and log: by the position an answer names, by the id in it, by idempotency key; and that nothing on the log was
asked by nobody. Whether answers repeat byte for byte is I10, whether every payout ends is I20.
"""

import hashlib
from dataclasses import dataclass, field

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json, events_of, items
from checker.fold.table import TERMINAL
from checker.fold.walk import Watcher, walk
from checker.invariants.i04_content import Content
from checker.invariants.i04_named import ASKED_BY_CLIENTS, OTHERS_KEY, Named
from checker.journal import Entry, entries
from checker.verdict import Verdict

ACCEPTED = 202
SETTLED = frozenset({200, 201, 402})
HARMLESS = frozenset({"command_refused", "payout_rejected", "batch_refused"})
CREATIONS = {"payout_accepted": "payout_id", "batch_opened": "batch_id", "merchant_credited": "credit_id"}


@dataclass(slots=True)
class Decision:
    """What stands at one place of the log. `digest` is of the answer's body."""

    status: int | None
    digest: bytes | None
    effects: bool


@dataclass(slots=True)
class Creation:
    """Something that a client asked for and that the log has."""

    kind: str
    id: str
    merchant: str
    key: str | None
    actor: str
    place: str
    released: int = 0
    refused: bool = False
    amount: tuple[int, str] | None = None


@dataclass
class Group:
    """All requests of one merchant under one key that make something."""

    ok: int = 0
    unknown: int = 0
    refused: int = 0
    others: int = 0
    places: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    """Those whose end is not known: one of them has made what was made."""


class EveryCommand(Watcher):
    """Collects what the log has, then joins the journal."""

    name = "I4"

    def __init__(self, evidence: Evidence) -> None:
        """Nothing known yet."""
        super().__init__(evidence)
        self._decisions: dict[tuple[int, int], Decision] = {}
        self._created: dict[str, Creation] = {}
        self._by_key: dict[tuple[str, str], list[Creation]] = {}
        self._born: dict[str, str] = {}
        self._pending: dict[str, str] = {}
        self._content = Content(self.found)
        self._named = Named(evidence, self.found)
        if not evidence.has("journal.jsonl"):
            self.found.lack("journal.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """What is answered, and what comes into being."""
        value = record.value
        answer = value.get("answer") or {}
        body = answer.get("body")
        self._named.record(record)
        self._decisions[record.partition, record.offset] = Decision(
            answer.get("status"),
            None if body is None else hashlib.sha256(body.encode()).digest(),
            any(not _harmless(event) for event in events_of(value)),
        )
        for event in events_of(value):
            self._note(book, record, event)

    def _note(self, book: Book, record: Record, event: Json) -> None:
        kind = event.get("type")
        self._content.note(record, event)
        if kind in CREATIONS:
            self._create(record, event, kind, event[CREATIONS[kind]])
        if kind == "batch_released" and event["batch_id"] in self._created:
            self._created[event["batch_id"]].released += 1
        if kind == "batch_refused" and event["batch_id"] in self._created:
            self._created[event["batch_id"]].refused = True
        if kind in {"payout_accepted", "payout_rejected"} and event["payout_id"] in self._born:
            self.found.fail(
                record.place, f"payout {event['payout_id']} is decided again, first at {self._born[event['payout_id']]}"
            )
        if kind in {"payout_accepted", "payout_rejected"}:
            self._born[event["payout_id"]] = record.place
        if kind == "payout_accepted":
            self._claim(book, record, event["form"].get("reference"), event["payout_id"])
        elif kind == "rows_added":
            for form in event["rows"]:
                self._claim(book, record, form.get("reference"), None)
        self._end(book, record, event)

    def _create(self, record: Record, event: Json, kind: str, subject: str) -> None:
        value = record.value
        key = event.get("key") or (value.get("remember") or {}).get("key")
        made = Creation(kind, subject, value["merchant_id"], key, value.get("actor", "api"), record.place)
        if kind == "payout_accepted":
            made.amount = (event["form"]["amount_minor"], event["form"]["currency"])
        if subject in self._created:
            self.found.fail(record.place, f"{kind} of {subject} a second time, first at {self._created[subject].place}")
        self._created[subject] = made
        if key is not None:
            self._by_key.setdefault((made.merchant, key), []).append(made)

    def _claim(self, book: Book, record: Record, reference: str | None, payout_id: str | None) -> None:
        """A merchant's reference is used once for ever."""
        holder = book.references.get((record.value["merchant_id"], reference or ""))
        if reference is not None and holder is not None and holder != payout_id:
            self.found.fail(record.place, f"reference {reference!r} is taken again, it belongs to payout {holder}")

    def _end(self, book: Book, record: Record, event: Json) -> None:
        if event.get("type") not in {"payouts_completed", "payouts_failed", "payout_canceled"}:
            return
        for item in items(event):
            payout = book.payouts.get(item["payout_id"])
            if payout is not None and payout.status in TERMINAL:
                self.found.fail(record.place, f"payout {payout.id} ends a second time, it was {payout.status}")

    def finish(self, book: Book) -> None:
        """Join the journal."""
        groups: dict[tuple[str, str], Group] = {}
        answered: set[str] = set()
        keyless = 0
        for entry in entries(self.evidence):
            if not entry.is_write:
                continue
            self.found.look()
            self._judge_answer(entry, answered)
            self._named.judge(entry)
            self._judge_content(entry)
            if entry.creates is not None and entry.key is None and entry.result == "unknown":
                keyless += 1
            if entry.creates is not None and entry.key is not None:
                _count(groups.setdefault((entry.merchant, entry.key), Group()), entry)
        for place, group in groups.items():
            self._judge_group(place, group)
        self._judge_pending()
        self._named.finish()
        if self.evidence.has("journal.jsonl"):
            self._nothing_invented(groups, answered, keyless)

    def _judge_content(self, entry: Entry) -> None:
        """What an answer says was made, made or rejected, is what this request asked for."""
        self._content.judge(entry)
        subject = self._content.subject(entry)
        if entry.creates is None or subject is None or entry.status not in SETTLED:
            return
        wrong = self._content.wrong(entry, subject)
        self.found.need(wrong is None, entry.place, f"{entry.creates} {subject}: {wrong}")

    def _judge_answer(self, entry: Entry, answered: set[str]) -> None:
        status = entry.status
        if status is None or not 200 <= status < 500:
            return
        decision = self._decisions.get(entry.position) if entry.position is not None else None
        if entry.position is not None and decision is None:
            self.found.fail(entry.place, f"its answer names {entry.position}, where the log has no decision")
        if decision is not None:
            self._judge_decision(entry, decision)
        if status < 300:
            self._judge_ok(entry, answered)

    def _judge_decision(self, entry: Entry, decision: Decision) -> None:
        status = entry.status or 0
        if hashlib.sha256(entry.reply).digest() != decision.digest:
            self.found.fail(entry.place, f"the answer's bytes are not those that the log has at {entry.position}")
        if status >= 400 and decision.effects:
            self.found.fail(entry.place, f"was refused with {status}, and the log has effects at {entry.position}")
        if status < 300 and (decision.status or 0) >= 400:
            self.found.fail(entry.place, f"was told {status}, the log has {decision.status} at {entry.position}")

    def _judge_ok(self, entry: Entry, answered: set[str]) -> None:
        if entry.position is None and entry.status != ACCEPTED:
            self.found.fail(entry.place, f"{entry.status} without a place on the log")
        if entry.creates is None:
            return
        answer = entry.answer if isinstance(entry.answer, dict) else {}
        subject = str(answer.get("id") or answer.get("credit_id") or "")
        answered.add(subject)
        made = self._created.get(subject)
        if made is None:
            if entry.status == ACCEPTED:
                self._pending.setdefault(subject, entry.place)
            else:
                self.found.fail(entry.place, f"{entry.creates} {subject!r} was accepted and is not on the log")
            return
        if made.amount is not None and "amount_minor" in answer and entry.status != ACCEPTED:
            told = (answer["amount_minor"], answer.get("currency"))
            if told != made.amount:
                self.found.fail(entry.place, f"payout {subject}: told {told}, the log has {made.amount}")
        if made.kind == "batch_opened" and answer.get("phase") == "released" and made.released != 1:
            self.found.fail(entry.place, f"batch {subject} was told released, the log has {made.released} releases")

    def _judge_pending(self) -> None:
        """What was told `pending` is at least a command on the log: it was refused, or repeated an earlier one."""
        if not self._pending:
            return
        for command in self.evidence.records("commands"):
            body = command.value.get("body") if isinstance(command.value, dict) else None
            named = body if isinstance(body, dict) else {}
            for name in ("payout_id", "batch_id", "credit_id"):
                self._pending.pop(str(named.get(name)), None)
        for subject, place in self._pending.items():
            self.found.fail(place, f"{subject!r} was told pending, and no command on the log asks for it")

    def _judge_group(self, place: tuple[str, str], group: Group) -> None:
        made = self._by_key.get(place, [])
        where, what = group.places[0], f"key {place[1]!r} of {place[0]}: {len(made)} made"
        if len(made) > 1:
            self.found.fail(where, f"{what}, at {made[0].place} and {made[1].place}")
        if group.ok and not made:
            self.found.fail(where, f"{what}, though it was accepted")
        for one in made[:1] if not group.ok and group.entries else ():
            whole = one.kind != "batch_opened" or bool(one.released) or one.refused
            differences = [self._content.wrong(entry, one.id, whole=whole) for entry in group.entries]
            if all(differences):
                self.found.fail(where, f"{what} at {one.place}, as no request asked: {differences[0]}")
        standing = [one for one in made if not one.refused]
        if standing and not group.ok and not group.unknown and not group.others:
            self.found.fail(where, f"{what} at {standing[0].place}, though every request was refused")

    def _nothing_invented(self, groups: dict[tuple[str, str], Group], answered: set[str], keyless: int) -> None:
        unasked = [
            made
            for made in self._created.values()
            if made.actor in ASKED_BY_CLIENTS and made.id not in answered and (made.merchant, made.key) not in groups
        ]
        if len(unasked) > keyless:
            self.found.fail(
                unasked[0].place,
                f"{unasked[0].kind} {unasked[0].id} was asked by nobody ({len(unasked)} such, {keyless} unknown requests)",
            )


def _harmless(event: Json) -> bool:
    """Whether a refused request may have left this on the log; a wrong try of the amounts counts, and moves nothing."""
    return event.get("type") in HARMLESS or event.get("change") == "wrong_amounts"


def _count(group: Group, entry: Entry) -> None:
    group.places.append(entry.place)
    if entry.status is not None and 200 <= entry.status < 300:
        group.ok += entry.status != ACCEPTED
        group.unknown += entry.status == ACCEPTED
        group.entries += [entry] if entry.status == ACCEPTED else []
    elif entry.status is not None and 400 <= entry.status < 500:
        group.refused += 1
        group.others += entry.code in OTHERS_KEY
    else:
        group.unknown += 1
        group.entries.append(entry)


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I4."""
    return walk(evidence, [EveryCommand(evidence)])["I4"]

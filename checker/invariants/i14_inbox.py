"""I14, the upstream's side: each record of the inbox has its one reply, or also its dead letter, and asks for at most one payout.

Owns the join of inbox, committed offsets, replies, dead letters and the payouts that came from there.
"""

import json
from typing import Any

from checker.asked import Wanted, booked, differs, wanted
from checker.evidence import Evidence, Record
from checker.fold.names import Json, events_of
from checker.letters import same_bytes
from checker.upstream import InboxRecord, Place, Reply, inbox, replies
from checker.verdict import Findings

FILES = ("inbox.jsonl", "replies.jsonl", "inbox_committed.json")
BORN = frozenset({"payout_accepted", "payout_rejected"})
REPEATED, REJECTED, REFUSED_FROM = 200, 402, 400
MADE = frozenset({200, 201})
"""A record that is read again after a crash finds its own decision, as a repeat: still accepted, and 200."""
Name = tuple[str, str]
"""Merchant and idempotency key."""


class Inbox:
    """Collects along the log what the upstream's requests came to, then joins its side."""

    def __init__(self, evidence: Evidence, found: Findings) -> None:
        """Reads the replies: what they name is kept when it comes along."""
        self._evidence, self._found = evidence, found
        self.known = all(evidence.has(name) for name in FILES)
        self._replies: dict[Place, list[Reply]] = {}
        for reply in replies(evidence) if self.known else ():
            if isinstance(reply, str):
                found.fail(reply, "is no reply in the published form")
            else:
                self._replies.setdefault(reply.to, []).append(reply)
        self._named = {reply.position for told in self._replies.values() for reply in told}
        self._bodies: dict[tuple[int, int], Any] = {}
        self._born: dict[Name, list[tuple[str, str, Wanted, str]]] = {}

    def record(self, record: Record) -> None:
        """One decision."""
        if (record.partition, record.offset) in self._named:
            body = (record.value.get("answer") or {}).get("body")
            self._bodies[record.partition, record.offset] = json.loads(body) if body else None
        for event in events_of(record.value) if str(record.value.get("actor")).startswith("inbox:") else ():
            if event.get("type") in BORN:
                self._note(record, event)

    def _note(self, record: Record, event: Json) -> None:
        name = (record.value["merchant_id"], str(event.get("key")))
        made = (event["type"], event["payout_id"], booked(event["form"]), record.place)
        self._born.setdefault(name, []).append(made)

    def finish(self, letters: dict[Place, Record]) -> None:
        """Join. `letters` are dead letters by the place they came from."""
        if not self.known:
            self._absent()
            return
        asked: set[Name] = set()
        ends: dict[tuple[str, int], int] = {}
        places: set[Place] = set()
        for record in inbox(self._evidence):
            topic, partition, offset = record.place
            ends[topic, partition] = offset + 1
            places.add(record.place)
            self._judge_letter(record, letters.get(record.place))
            reply = self._one_reply(record)
            if record.message is not None and record.message.kind == "request_payout":
                asked.add((record.key or "", str(record.message.key)))
                self._judge_request(record, reply)
        self._judge_rest(ends, places, letters)
        self._nothing_invented(asked)

    def _absent(self) -> None:
        missing = [name for name in FILES if not self._evidence.has(name)]
        what = f"{', '.join(missing)} missing: the upstream's side"
        if "owed" in (self._evidence.run or {}):
            self._found.lack(what)  # a harness that says what it owes also writes these
        else:
            self._found.part(what)

    def _judge_letter(self, record: InboxRecord, letter: Record | None) -> None:
        if record.readable is not None and self._evidence.has("dead_letters.jsonl"):
            word = "and is a dead letter" if record.readable else "and is no dead letter"
            what = "can be read" if record.readable else "cannot be read"
            self._found.need((letter is None) is record.readable, record.where, f"{what} {word}")
        if letter is not None:
            self._found.need(same_bytes(letter, record), letter.place, f"does not keep the bytes of {record.where}")

    def _one_reply(self, record: InboxRecord) -> Reply | None:
        told = self._replies.get(record.place, [])
        self._found.need(len(told) == 1, record.where, f"has {len(told)} replies")
        for reply in told:
            self._judge_reply(record, reply)
        return told[0] if told else None

    def _judge_reply(self, record: InboxRecord, reply: Reply) -> None:
        owner = reply.row["value"].get("merchant_id")
        if reply.row.get("key") != record.key or owner != record.key:
            self._found.fail(reply.where, f"is of {owner!r}, the record's key is {record.key!r}")
        fits = {
            "accepted": reply.status < REFUSED_FROM and reply.code is None,
            "duplicate": True,
            "refused": reply.status >= REFUSED_FROM and reply.code is not None,
        }.get(reply.result, False)
        self._found.need(fits, reply.where, f"is {reply.result!r} with {reply.status} {reply.code}")
        if record.readable is False and reply.result != "refused":
            self._found.fail(reply.where, f"is {reply.result!r} to a record that cannot be read")
        if reply.position is not None:
            right = reply.position in self._bodies and self._bodies[reply.position] == reply.body
            self._found.need(right, reply.where, f"its body is not the answer that the log has at {reply.position}")
        elif reply.result != "refused":
            self._found.fail(reply.where, f"is {reply.result!r} without a place on the log")

    def _judge_request(self, record: InboxRecord, reply: Reply | None) -> None:
        """A payout is asked for: one is there, as asked for, and repeats name it."""
        name = (record.key or "", str(record.message.key if record.message else None))
        made = self._born.get(name, [])
        if len(made) > 1:
            self._found.fail(made[1][3], f"key {name[1]!r} of {name[0]} made {len(made)} payouts, the first at {made[0][3]}")
        if reply is None or (reply.result == "refused" and (reply.position is None or reply.code == "idempotency_conflict")):
            return
        if not self._found.need(
            bool(made), record.where, f"was {reply.result}, and no payout of key {name[1]!r} is on the log"
        ):
            return
        kind, payout_id, form, place = made[0]
        self._found.need(
            reply.subject == payout_id, reply.where, f"names {reply.subject}, the log has {payout_id} at {place}"
        )
        wrong = differs(wanted(record.message.data if record.message else {}), form)
        self._found.need(wrong is None, record.where, f"payout {payout_id} at {place}: {wrong}")
        due = MADE if reply.result == "accepted" else {REPEATED}
        due = due if kind == "payout_accepted" else {REJECTED}
        self._found.need(reply.status in due, reply.where, f"is {reply.result} with {reply.status} for a {kind}")

    def _judge_rest(self, ends: dict[tuple[str, int], int], places: set[Place], letters: dict[Place, Record]) -> None:
        """Committed offsets, and what is said of records that are not there."""
        committed = self._evidence.document("inbox_committed.json") or {}
        stands = {(topic, int(number)): at for topic, told in committed.items() for number, at in told.items()}
        for part in sorted(ends.keys() | stands.keys()):
            left, right = stands.get(part, 0), ends.get(part, 0)
            self._found.need(left == right, f"{part[0]}/{part[1]}", f"ends at {right}, committed is {left}")
        for to, told in self._replies.items():
            if to not in places:
                self._found.fail(told[0].where, f"is a reply to {to}, where no record is")
        topics = {topic for topic, _ in ends}
        for place, letter in letters.items():
            if place[0] in topics and place not in places:
                self._found.fail(letter.place, f"keeps {place}, where no record is")

    def _nothing_invented(self, asked: set[Name]) -> None:
        for name, made in self._born.items():
            self._found.need(name in asked, made[0][3], f"payout {made[0][1]} was asked by no record of the inbox")

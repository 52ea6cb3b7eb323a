"""A fold of the raw events of its own: what happened to each payout, batch and account.

Owns the check of each step: one record per command, in order; a legal move; versions by one; postings that sum to zero; never below zero. Uses
nothing of the product but bytes.
"""

from collections import defaultdict
from typing import Any

import orjson

from tests.simulation.checks import lives, wanted
from tests.simulation.checks.told import Edited, Said, Told

OPEN = ("pending", "processing", "requires_action")
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "payouts_funded": (("pending",), "pending"),
    "attempts_started": (("pending", "processing"), "processing"),
    "payouts_completed": (("processing", "requires_action"), "completed"),
    "payouts_failed": (("processing", "requires_action"), "failed"),
    "retries_scheduled": (("processing", "requires_action"), "processing"),
    "outcomes_unknown": (("processing", "requires_action"), "requires_action"),
    "attempts_in_progress": (("processing", "requires_action"), "processing"),
    "payout_edited": (("pending",), "pending"),
    "payout_canceled": (("pending",), "canceled"),
}


class Story:
    """The fold. `faults` are what it found wrong on the way."""

    def __init__(self, world: Any) -> None:
        self.faults: list[str] = []
        self.payouts: dict[str, Told] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[str]] = defaultdict(list)
        self.balances: dict[tuple[str, str, str], int] = defaultdict(int)
        self.credits: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.births: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.attempts: dict[str, str] = {}
        self.born_at: dict[str, int] = {}
        self.lives: dict[tuple[str, str], list[lives.Life]] = defaultdict(list)
        self.kept_until: dict[tuple[str, str, str | None], int] = {}
        self.edits: list[Edited] = []
        self.said: list[Said] = []
        self.contradicted: set[tuple[str, int, str]] = set()
        self.money: dict[str, list[tuple[int, dict[tuple[str, str], int]]]] = defaultdict(list)
        self.unreadable: list[tuple[int, int]] = []
        self.records: list[tuple[int, Any, dict[str, Any]]] = []
        for number, partition in enumerate(world.broker.partitions):
            self._partition(number, partition)

    def _partition(self, number: int, partition: Any) -> None:
        events = partition.committed()
        if len(events) > len(partition.commands):
            self._fault(number, len(partition.commands), f"{len(events)} records for {len(partition.commands)} commands")
        for expected, event in enumerate(events):
            record = orjson.loads(event.value)
            if (event.source_offset, record["source_offset"]) != (expected, expected):
                self._fault(number, event.offset, f"source offset {record['source_offset']}, expected {expected}")
                return
            record["key"] = self._command(number, partition.commands[expected], event, record)
            self.records.append((number, event, record))
            self._record(number, event, record)

    def _command(self, number: int, command: Any, event: Any, record: dict[str, Any]) -> str | None:
        """The key of the command that this record decides."""
        if record["command_type"] == "unreadable":
            self.unreadable.append((number, command.offset))
            return None
        asked = orjson.loads(command.value)
        if (asked["id"], asked["merchant_id"]) != (record["command_id"], record["merchant_id"]):
            self._fault(number, event.offset, f"names command {record['command_id']}, {asked['id']} stands there")
        key: str | None = asked.get("key")
        return key

    def _record(self, number: int, event: Any, record: dict[str, Any]) -> None:
        self._remembered(f"{number}@{event.offset}", record)
        for fact in record["events"]:
            place = f"{number}@{event.offset}"
            self._post(place, record["merchant_id"], fact.get("postings", ()))
            self._fact(place, record, fact)
        for account, amount in self.balances.items():
            if amount < 0 and account[2] in {"available", "held"}:
                self._fault(number, event.offset, f"{account} is {amount}")
        if any(fact.get("postings") for fact in record["events"]):
            held = {key[1:]: amount for key, amount in self.balances.items() if key[0] == record["merchant_id"]}
            self.money[record["merchant_id"]].append((event.offset, held))

    def _remembered(self, place: str, record: dict[str, Any]) -> None:
        kept = record.get("remember")
        if kept is None:
            return
        known = self.lives[record["merchant_id"], kept["key"]]
        self.kept_until[record["merchant_id"], kept["key"], record.get("subject")] = kept["expires_at"]
        if not lives.lived(known, record["at"], kept["expires_at"]):
            self.faults.append(f"promise: {place}: key {kept['key']} of {record['at']} expires at {kept['expires_at']}")

    def _post(self, place: str, merchant: str, legs: Any) -> None:
        sums: dict[str, int] = defaultdict(int)
        for leg in legs:
            sums[leg["currency"]] += leg["amount_minor"]
            self.balances[merchant, leg["currency"], leg["account"]] += leg["amount_minor"]
        if any(sums.values()):
            self.faults.append(f"ledger: {place}: postings sum to {dict(sums)}")

    def _fact(self, place: str, record: dict[str, Any], fact: dict[str, Any]) -> None:
        kind, merchant = fact["type"], record["merchant_id"]
        if kind in {"payout_accepted", "payout_rejected"}:
            self._birth(place, record, fact, "pending" if kind == "payout_accepted" else "rejected")
        elif kind == "rows_added":
            for row, form in enumerate(fact["rows"], fact["first_row"]):
                self._row(place, merchant, fact["batch_id"], row, form)
        elif kind == "batch_opened":
            batch = {"phase": "open", "merchant": merchant, "id": fact["batch_id"], "key": fact.get("key")}
            self.batches[fact["batch_id"]], self.born_at[fact["batch_id"]] = batch, record["at"]
            if fact.get("key"):
                self.births[merchant, fact["key"]].append(fact["batch_id"])
        elif kind in {"batch_released", "batch_refused", "batch_canceled"}:
            self._sealed(place, fact, kind.removeprefix("batch_"))
        elif kind == "batch_stopped":
            self._stopped(place, fact)
        elif kind == "merchant_credited":
            self.credits[merchant, fact["reference"]].append(fact)
        elif kind == "answer_contradicted":
            self.contradicted.add((fact["payout_id"], fact["attempt"], fact["answer"]))
            self.said.append(Said(place, fact["payout_id"], fact["attempt"], fact["answer"]))
        elif kind in MOVES:
            self._moves(place, record, fact)

    def _birth(self, place: str, record: dict[str, Any], fact: dict[str, Any], status: str) -> None:
        merchant = record["merchant_id"]
        told = Told(fact["payout_id"], merchant, fact["form"], status)
        self.born_at[told.id] = record["at"]
        told.reason, told.key, told.fee = fact.get("reason"), fact.get("key"), fact.get("fee_minor", 0)
        self._born(place, told)
        if told.key:
            self.births[merchant, told.key].append(told.id)

    def _row(self, place: str, merchant: str, batch: str, row: int, form: dict[str, Any]) -> None:
        told = Told(f"{batch[:-8]}{row:08x}", merchant, form, "pending", batch)
        self.rows[batch].append(told.id)
        self._born(place, told)
        if self.batches[batch]["phase"] != "open":
            self.faults.append(f"path: {place}: a row for batch {batch}, which is {self.batches[batch]['phase']}")

    def _born(self, place: str, told: Told) -> None:
        if told.id in self.payouts:
            self.faults.append(f"path: {place}: payout {told.id} is born twice")
        self.payouts[told.id] = told

    def _sealed(self, place: str, fact: dict[str, Any], phase: str) -> None:
        batch = self.batches[fact["batch_id"]]
        if batch["phase"] != "open":
            self.faults.append(f"path: {place}: batch {batch['id']} is {phase} after {batch['phase']}")
        batch["phase"] = phase
        if fact["row_count"] != len(self.rows[batch["id"]]):
            self.faults.append(f"path: {place}: batch of {fact['row_count']} rows, {len(self.rows[batch['id']])} were added")
        if phase != "released":
            for payout_id in self.rows[batch["id"]]:
                self._move(place, payout_id, "pending", ("pending",), "canceled", self.payouts[payout_id].version + 1)

        for run in fact.get("waiting") or ():
            self._wait(place, run, None, "funds")

    def _wait(self, place: str, run: dict[str, Any], before: str | None, after: str | None) -> None:
        """The rows of a run wait for funds from now on, or no longer."""
        ids = self.rows[run["batch_id"]][run["first_row"] - 1 : run["last_row"]]
        rows = [told for told in map(self.payouts.__getitem__, ids) if (told.status, told.reason) == ("pending", before)]
        meant = [told for told in rows if told.currency == run["currency"]]
        if len(meant) != run["count"]:
            self.faults.append(f"path: {place}: a run of {run['count']} rows, {len(meant)} are so: {run}")
        for told in meant:
            self._move(place, told.id, "payouts_funded", ("pending",), "pending", told.version + 1).reason = after

    def _stopped(self, place: str, fact: dict[str, Any]) -> None:
        batch = self.batches[fact["batch_id"]]
        if batch["phase"] != "released":
            self.faults.append(f"path: {place}: batch {batch['id']} is stopped, which is {batch['phase']}")
        pending = [told for told in map(self.payouts.__getitem__, self.rows[batch["id"]]) if told.status == "pending"]
        if len(pending) != fact["row_count"]:
            self.faults.append(f"path: {place}: {fact['row_count']} rows are stopped, {len(pending)} are pending")
        for told in pending:
            self._move(place, told.id, "batch_stopped", ("pending",), "canceled", told.version + 1).reason = None

    def _moves(self, place: str, record: dict[str, Any], fact: dict[str, Any]) -> None:
        kind = fact["type"]
        origins, target = MOVES[kind]
        for run in fact.get("runs") or ():
            self._wait(place, run, "funds", None)
        for item in fact["payouts"] if "payouts" in fact else fact.get("attempts") or [fact]:
            told = self._move(place, item["payout_id"], kind, origins, target, item["version"])
            if kind != "payout_edited":
                told.reason = item.get("reason") if kind == "payouts_funded" else _REASONS.get(kind)
            if kind == "attempts_started":
                told.attempt = item["attempt"]
                told.references.append(item["reference"])
                self.attempts[item["reference"]] = told.id
            elif kind == "payout_edited":
                self._edited(record, told, fact)
            elif kind in _WORDS:
                self.said.append(Said(place, told.id, item["attempt"], _WORDS[kind]))

    def _edited(self, record: dict[str, Any], told: Told, fact: dict[str, Any]) -> None:
        after = wanted.told(fact["form"])
        self.edits.append(Edited((told.merchant, record["key"]), told.id, fact["version"], told.form, after))
        told.forms.append((fact["version"], after))
        told.amount, told.currency, told.fee = after["amount_minor"], after["currency"], fact.get("fee_minor", 0)

    def _move(self, place: str, payout_id: str, kind: str, origins: tuple[str, ...], target: str, version: int) -> Told:
        told = self.payouts[payout_id]
        if told.status not in origins or version != told.version + 1:
            self.faults.append(f"path: {place}: {kind} v{version} of {payout_id}, which is {told.status} v{told.version}")
        if told.batch and kind == "attempts_started" and self.batches[told.batch]["phase"] != "released":
            self.faults.append(f"path: {place}: attempt for {payout_id} of an unsealed batch")
        told.status, told.version = target, version
        told.history[version] = target
        return told

    def _fault(self, number: int, offset: int, text: str) -> None:
        self.faults.append(f"log: {number}@{offset}: {text}")


_WORDS = {
    "payouts_completed": "paid",
    "payouts_failed": "failed",
    "retries_scheduled": "failed",
    "attempts_in_progress": "in_progress",
}
"""What the provider must have said for such an event to be."""
_REASONS = {"retries_scheduled": "retry", "attempts_in_progress": "in_progress", "outcomes_unknown": "outcome_unknown"}


def of(world: Any) -> Story:
    """The story of all that is committed now; folded once as long as nothing is added."""
    mark = [len(partition.events) for partition in world.broker.partitions]
    known = getattr(world, "told", None)
    if known is None or known[0] != mark:
        world.told = known = (mark, Story(world))
    return known[1]

"""A small but rich run, told by hand: topics, views, books, journal and feed of one merchant, in the documented forms.

Owns the story; what the invariants should say of it is in the tests. Uses no product code and none of the checker's: each row says itself
what a correct system would have written.
"""

import base64
import copy
import json
from typing import Any

T = 1_767_225_600_000
ACME = "acme"
P1, P2, P3, P4, P5, P6, P7 = (f"019b0000-0000-7000-8000-bbbbbbbb000{n}" for n in range(1, 8))
BATCH = "019b0000-0000-7000-8000-aaaaaaaa0000"
ROW1, ROW2 = f"{BATCH[:28]}00000001", f"{BATCH[:28]}00000002"
CREDIT = "019b0000-0000-7000-8000-cccccccc0009"
ACCOUNT = "019b0000-0000-7000-8000-dddddddd0001"
VERIFICATION = "019b0000-0000-7000-8000-eeeeeeee0001"
PAYEE = "50100012345678"
SIM = "simulator"
Files = dict[str, Any]

_COLUMNS = [
    "batch_id",
    "row_number",
    "reference",
    "idempotency_key",
    "bank_account_id",
    "description",
    "reason",
    "due_at",
    "failure_code",
    "failure_reason",
    "provider",
    "bank_reference_id",
    "expected_settlement_date",
    "processing_started_at",
    "completed_at",
    "failed_at",
    "canceled_at",
    "returned_at",
    "settled_at",
]


def ref(number: int) -> str:
    """An attempt's reference."""
    return f"00000000-0000-4000-8000-{number:012x}"


def form(amount: int, reference: str | None = None) -> dict[str, Any]:
    """A payout form for one wallet."""
    payee = {"type": "mobile_money", "msisdn": f"+25677200{amount:04d}", "name": "Jane Doe"}
    body: dict[str, Any] = {"amount_minor": amount, "currency": "UGX", "recipient": payee}
    return {**body, "reference": reference} if reference else body


def request(body: dict[str, Any]) -> dict[str, Any]:
    """What a client sends for a form."""
    sent = {
        "amount": str(body["amount_minor"]),
        "currency": "UGX",
        "recipient_details": {"msisdn": body["recipient"]["msisdn"]},
    }
    return {**sent, "reference": body["reference"]} if "reference" in body else sent


def legs(giver: str, taker: str, amount: int, kind: str) -> list[dict[str, Any]]:
    """Two postings."""
    return [
        {"account": giver, "amount_minor": -amount, "currency": "UGX", "entry_type": kind},
        {"account": taker, "amount_minor": amount, "currency": "UGX", "entry_type": kind},
    ]


def hold(amount: int) -> list[dict[str, Any]]:
    return legs("available", "held", amount, "payout_hold")


def release(amount: int) -> list[dict[str, Any]]:
    return legs("held", "available", amount, "payout_release")


def paid(amount: int) -> list[dict[str, Any]]:
    return legs("held", f"clearing:{SIM}", amount, "payout_completed")


def moved(origin: str, target: str, count: int, amount: int) -> list[dict[str, Any]]:
    """A batch's totals."""
    out = {"status": origin, "currency": "UGX", "count": -count, "amount_minor": -amount}
    return [out, {"status": target, "currency": "UGX", "count": count, "amount_minor": amount}]


class Story:
    """Collects the run. One partition; the commands' offsets are dense, the events' have holes."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.uncommitted: list[dict[str, Any]] = []
        self.payouts: dict[str, dict[str, Any]] = {}
        self.changes: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.journal: list[dict[str, Any]] = []
        self.books: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.inbox: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.letters: list[dict[str, Any]] = []
        self.account: dict[str, Any] = {}
        self.added_at = 0
        self.offset = 0
        self.at = T
        self._pending: list[dict[str, Any]] = []

    def change(self, payout_id: str, told: dict[str, Any], **row: Any) -> None:
        """One line of history of the record that comes next, and the payout's row after it."""
        payout = self.payouts[payout_id]
        payout.update(row)
        line = {"reason": None, "due_at": None, "failure_code": None, "failure_reason": None, "bank_reference_id": None}
        line |= {"attempt_count": 0, "inquiry_count": None, "version": payout["version"], "status": payout["status"]}
        self._pending.append(
            {"payout_id": payout_id, "batch_id": payout["batch_id"], **line, "reason": payout["reason"], **told}
        )

    def born(self, payout_id: str, body: dict[str, Any], told: dict[str, Any] | None = None, **row: Any) -> None:
        """A payout's first line."""
        self.payouts[payout_id] = {
            **dict.fromkeys(_COLUMNS),
            "id": payout_id,
            "merchant_id": ACME,
            "partition": 0,
            "amount_minor": body["amount_minor"],
            "currency": "UGX",
            "fee_minor": 0,
            "recipient": json.dumps(body["recipient"], separators=(",", ":")),
            "reference": body.get("reference"),
            "version": 1,
            "status": "pending",
            "attempt_count": 0,
            "inquiry_count": 0,
            "created_at": self.at,
            "updated_at": self.at,
        }
        self.change(payout_id, {"inquiry_count": 0, **(told or {})}, **row)

    def decide(
        self,
        body: dict[str, Any] | None,
        *events: dict[str, Any],
        outcome: str = "decided",
        answer: dict[str, Any] | None = None,
        key: str | None = None,
        content: str = "h",
        keep: bool = True,
        about: tuple[str | None, str | None, int] = (None, None, 0),
        subject: str | None = None,
        actor: str = "api",
    ) -> tuple[int, int]:
        """One command and its decision; returns the decision's place."""
        source = len(self.commands)
        kind = body["type"] if body else "unreadable"
        command_id = f"019b0000-0000-7000-8000-cccccc{source:06d}" if body else f"unreadable-0-{source}"
        head = {"p": 0, "o": source, "ts": self.at, "key": ACME, "headers": {}}
        if body is None:
            self.commands.append({**head, "value": None, "raw": base64.b64encode(b"{bad").decode()})
        else:
            value = {"id": command_id, "merchant_id": ACME, "at": self.at, "body": body}
            value |= {"key": key, "content_hash": content} if key else {}
            self.commands.append({**head, "value": value})
        record: dict[str, Any] = {
            "source_offset": source,
            "command_id": command_id,
            "command_type": kind,
            "merchant_id": ACME,
        }
        record |= {"at": self.at, "outcome": outcome, "events": list(events), "actor": actor if body else "unknown"}
        record |= {"answer": answer} if answer else {}
        record |= {"subject": subject} if subject else {}
        if key and answer and keep:
            record["remember"] = {"key": key, "content_hash": content, "expires_at": self.at + 86_400_000}
            self._remember(key, record)
        self._write(record)
        self._rows(record, about)
        place = (0, self.offset)
        self.offset += 1 if source % 3 else 2
        self.at += 1000
        return place

    def _write(self, record: dict[str, Any]) -> None:
        headers = {"src": str(record["source_offset"]), "cmd": record["command_id"]}
        row = {"p": 0, "o": self.offset, "ts": self.at, "key": ACME, "headers": headers, "value": record}
        if record["source_offset"] == 4:
            self.uncommitted.append(copy.deepcopy(row))
            self.offset += 2
            row = {**row, "o": self.offset}
        self.events.append(row)
        self.uncommitted.append(copy.deepcopy(row))

    def _remember(self, key: str, record: dict[str, Any]) -> None:
        answer, kept = record["answer"], record["remember"]
        self.answers[key] = {
            "merchant_id": ACME,
            "key": key,
            "content_hash": kept["content_hash"],
            "subject": record.get("subject"),
            "status": answer["status"],
            "body": "\\x" + answer["body"].encode().hex(),
            "version": answer.get("version"),
            "expires_at": kept["expires_at"],
            "partition": 0,
            "offset": self.offset,
        }

    def _rows(self, record: dict[str, Any], about: tuple[str | None, str | None, int]) -> None:
        head = {"partition": 0, "offset": self.offset}
        for idx, line in enumerate(self._pending):
            origin = {"merchant_id": ACME, "at": self.at, "actor": record["actor"], "command_id": record["command_id"]}
            self.changes.append({**head, "idx": idx, **line, **origin})
            self.payouts[line["payout_id"]]["updated_at"] = self.at
        self._pending = []
        postings = [leg for event in record["events"] for leg in event.get("postings", [])]
        for number, leg in enumerate(postings):
            named = {"payout_id": about[0], "batch_id": about[1], "payout_count": about[2]}
            self.entries.append({**head, "leg": number, "merchant_id": ACME, **leg, **named, "created_at": self.at})

    def ask(
        self,
        method: str,
        path: str,
        body: Any,
        status: int,
        reply: str,
        *,
        key: str | None = None,
        place: tuple[int, int] | None = None,
        replayed: bool = False,
        client: str = "c1",
        phase: str = "load",
    ) -> None:
        """One line of the journal, at the present time."""
        headers = {"payflow-position": f"{place[0]}:{place[1]}"} if place else {}
        headers |= {"idempotency-replayed": "true"} if replayed else {}
        self.journal.append(
            {
                "t0": self.at - 10,
                "t1": self.at - 5,
                "client": client,
                "n": len(self.journal) + 1,
                "method": method,
                "path": path,
                "merchant": ACME,
                "key": key,
                "body": None if body is None else json.dumps(body),
                "status": status,
                "headers": headers,
                "reply": base64.b64encode(reply.encode()).decode(),
                "result": "ok" if status < 300 else "refused",
                "error": None,
                "phase": phase,
            }
        )

    def say(self, reference: str, status: str, code: str | None = None, call: str = "send") -> None:
        """What the provider says of a transfer, at the present time."""
        row = {"number": len(self.said) + 1, "reference": reference, "at": self.at, "call": call}
        self.said.append({**row, "status": status, "code": code, "table": "said"})

    def upstream(self, value: Any, reply: dict[str, Any], key: str | None = ACME, raw: str | None = None) -> None:
        """One record of the inbox, and its reply."""
        place = {"topic": "payouts.inbox.erp", "partition": 0, "offset": len(self.inbox)}
        row = {
            "topic": place["topic"],
            "p": 0,
            "o": place["offset"],
            "ts": self.at,
            "key": key,
            "headers": {},
            "value": value,
        }
        self.inbox.append({**row, "raw": raw} if raw is not None else row)
        told = {
            **place,
            "merchant_id": key,
            "kind": None,
            "code": None,
            "subject": None,
            "position": None,
            "body": None,
            **reply,
        }
        row = {"topic": "payouts.replies", "p": 0, "o": len(self.replies), "ts": self.at, "key": key, "headers": {}}
        self.replies.append({**row, "value": told})

    def book(
        self, reference: str, body: dict[str, Any], status: str, code: str | None = None, *, retryable: bool = False
    ) -> None:
        """One line of the provider's books, at the present time, and the word that goes with it."""
        self.say(reference, status, code)
        self.books.append(
            {
                "reference": reference,
                "amount": str(body["amount_minor"]),
                "currency": "UGX",
                "payee": body["recipient"]["msisdn"],
                "content": "c",
                "status": status,
                "code": code,
                "retryable": int(retryable),
                "provider_reference": "SIM",
                "received_at": self.at,
                "pays_at": None,
            }
        )


def view(payout_id: str, amount: int, version: int = 1, status: str = "pending") -> str:
    """An answer's body."""
    return json.dumps({"id": payout_id, "amount_minor": amount, "currency": "UGX", "version": version, "status": status})

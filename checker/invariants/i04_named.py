"""I4, whose and which: the decision that an answer names is about what the path names, of the merchant who asked.

Owns the join of journal and log by the id in a path: also of what was told pending, and that nobody's payout was edited or canceled
unless somebody asked for it and was not refused.
"""

from checker.evidence import Evidence, Record
from checker.fold.names import Json, events_of
from checker.journal import Entry
from checker.verdict import Findings

ACCEPTED = 202
OTHERS_KEY = frozenset({"idempotency_in_flight", "idempotency_conflict"})
"""Refusals that speak of the key's first request, which may be about something else."""
ASKED_BY_CLIENTS = frozenset({"api", "file"})
MOVED = {"payout_edited": "edit_payout", "payout_canceled": "cancel_payout"}
Place = tuple[int, int]
Wish = tuple[str, str, str | None]
"""Command type, id, idempotency key (None: any)."""


def wish(entry: Entry) -> tuple[str, str] | None:
    """(command type, id) of a request that changes what is there; None for all others."""
    match entry.method, entry.path.split("/")[1:]:
        case "PATCH" | "PUT", ["payouts", subject]:
            return "edit_payout", subject.lower()
        case ("DELETE", ["payouts", subject]) | ("POST", ["payouts", subject, "cancel"]):
            return "cancel_payout", subject.lower()
        case "POST", ["batches", subject, "rows"]:
            return "add_rows", subject.lower()
        case "POST", ["batches", subject, "seal"]:
            return "seal_batch", subject.lower()
        case ("DELETE", ["batches", subject]) | ("POST", ["batches", subject, "cancel"]):
            return "cancel_batch", subject.lower()
    return None


class Named:
    """Collects what each decision is about, then holds requests against it."""

    def __init__(self, evidence: Evidence, found: Findings) -> None:
        """Nothing known yet."""
        self._evidence, self._found = evidence, found
        self._about: dict[Place, tuple[str, str | None]] = {}
        self._moved: dict[tuple[str, str], str] = {}
        self._pending: dict[Wish, str] = {}

    def record(self, record: Record) -> None:
        """One decision."""
        value = record.value
        self._about[record.partition, record.offset] = (value["merchant_id"], value.get("subject"))
        if value.get("actor", "api") in ASKED_BY_CLIENTS:
            for event in events_of(value):
                if event.get("type") in MOVED:
                    self._moved.setdefault((MOVED[event["type"]], event["payout_id"]), record.place)

    def judge(self, entry: Entry) -> None:
        """One request that may have put a command on the log."""
        wanted = wish(entry)
        if wanted is not None and (entry.result != "refused" or entry.code in OTHERS_KEY):
            self._moved.pop(wanted, None)
        if wanted is not None and entry.status == ACCEPTED:
            self._pending.setdefault((*wanted, entry.row.get("key")), entry.place)
        about = self._about.get(entry.position) if entry.position is not None else None
        if about is not None and (entry.status or 0) < 500:
            self._judge_about(entry, wanted, *about)

    def _judge_about(self, entry: Entry, wanted: tuple[str, str] | None, merchant: str, subject: str | None) -> None:
        if entry.row.get("merchant") and entry.path != "/merchants":
            right = merchant == entry.merchant
            self._found.need(
                right, entry.place, f"{entry.merchant} asked, the decision at {entry.position} is of {merchant}"
            )
        if wanted is not None and subject is not None and entry.code not in OTHERS_KEY:
            right = subject.lower() == wanted[1]
            self._found.need(right, entry.place, f"{entry.path}: the decision at {entry.position} is about {subject}")

    def finish(self) -> None:
        """What was told pending and is no command; what was done and nobody asked for."""
        for command in self._evidence.records("commands") if self._pending else ():
            value = command.value if isinstance(command.value, dict) else {}
            found = value.get("body")
            body: Json = found if isinstance(found, dict) else {}
            for subject in _ids(body):
                for key in (None, value.get("key")):
                    self._pending.pop((str(body.get("type")), subject, key), None)
        for (kind, subject, _), place in self._pending.items():
            self._found.fail(place, f"{kind} of {subject} was told pending, and no command on the log asks for it")
        for (kind, subject), place in self._moved.items() if self._evidence.has("journal.jsonl") else ():
            self._found.fail(place, f"{kind} of {subject}, which nobody asked for, or everybody was refused")


def _ids(body: Json) -> list[str]:
    return [str(body[name]).lower() for name in ("payout_id", "batch_id") if name in body]

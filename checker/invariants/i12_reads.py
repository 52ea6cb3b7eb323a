"""I12, the content of reads: what REST shows of a payout or a balance is what the log gives at that version or place, and whose it is.

Owns the comparison of GETs with the book as it stood, that a list holds the asking merchant's rows only, and that what was there once is
found again. That versions do not go backwards is the rest of I12.
"""

from typing import Any, NamedTuple

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json
from checker.fold.state import Payout
from checker.journal import Entry, entries
from checker.verdict import Findings

OK, ACCEPTED, NOT_FOUND = 200, 202, 404
LATE_MS = 1000
LAG_MS = 20_000
"""So far behind the log the views may be when nothing is broken any more."""
SHOWN: tuple[tuple[str, str], ...] = (
    ("merchant_id", "merchant"),
    ("status", "status"),
    ("reason", "reason"),
    ("amount_minor", "amount"),
    ("currency", "currency"),
    ("reference", "reference"),
    ("batch_id", "batch"),
    ("row", "row"),
    ("attempt_count", "attempt"),
    ("failure_code", "failure_code"),
    ("bank_reference_id", "bank_reference"),
)
"""Members of a payout as REST shows it, and what they are in the book."""
MEMBERS = tuple(member for member, _ in SHOWN)


class Balance(NamedTuple):
    """A balance that a client was shown, as of a place on the log."""

    next_offset: int
    place: str
    merchant: str
    told: tuple[tuple[str, Any, Any], ...]
    """(currency, available, held)."""
    answered: int


class Reads:
    """Collects what clients were shown, then compares it when the book stands there."""

    def __init__(self, evidence: Evidence, found: Findings) -> None:
        """Reads the journal."""
        self._found = found
        self._payouts: dict[tuple[str, int], dict[tuple[Any, ...], tuple[str, int]]] = {}
        self._unsealed: list[tuple[str, str, int]] = []
        self._run = evidence.run or {}
        self._balances: dict[int, list[Balance]] = {}
        self._open: dict[str, list[Balance]] = {}
        self._made: dict[str, tuple[int, str]] = {}
        self._lost: list[Entry] = []
        for entry in entries(evidence):
            self._take(entry)
        for waiting in self._balances.values():
            waiting.sort(reverse=True)

    def _take(self, entry: Entry) -> None:
        status = entry.status or 0
        answer = entry.answer if entry.method == "GET" or 200 <= status < 300 else None
        if entry.creates in {"payout", "batch"} and 200 <= status < 300 and status != ACCEPTED and isinstance(answer, dict):
            known = self._made.get(str(answer.get("id")), (entry.ended, entry.merchant))
            self._made[str(answer.get("id"))] = min(known, (entry.ended, entry.merchant))
        if entry.method != "GET":
            return
        if status == NOT_FOUND:
            self._lost.append(entry)
        if status == OK and isinstance(answer, dict):
            self._take_shown(entry, answer)

    def _take_shown(self, entry: Entry, answer: Json) -> None:
        head = entry.path.split("/")[1:2]
        rows = answer.get("results") if isinstance(answer.get("results"), list) else [answer]
        for row in rows or ():
            if not isinstance(row, dict):
                continue
            self._whose(entry, row)
            if head == ["payouts"] and "id" in row:
                told = tuple(row.get(member, SHOWN) for member in MEMBERS)
                place = (str(row["id"]), int(row.get("version") or 0))
                shown = self._payouts.setdefault(place, {})
                shown[told] = max(shown.get(told, ("", 0)), (entry.place, entry.began), key=lambda one: one[1])
        position = answer.get("position")
        if head == ["balance"] and isinstance(position, dict):
            self._take_balance(entry, answer, position)

    def _whose(self, entry: Entry, row: Json) -> None:
        owner = row.get("merchant_id")
        if owner is not None and entry.row.get("merchant") is not None:
            self._found.need(
                owner == entry.merchant, entry.place, f"{entry.path} shows {entry.merchant} something of {owner}"
            )

    def _take_balance(self, entry: Entry, answer: Json, position: Json) -> None:
        told = tuple(
            (row["currency"], row.get("available_minor"), row.get("held_minor")) for row in answer.get("balances") or ()
        )
        shown = Balance(int(position["next_offset"]), entry.place, entry.merchant, told, entry.ended)
        self._balances.setdefault(int(position["partition"]), []).append(shown)

    def record(self, book: Book, record: Record) -> None:
        """A record comes: balances as of places before it are due."""
        waiting = self._balances.get(record.partition)
        while waiting and waiting[-1].next_offset <= record.offset:
            self._look(book, waiting.pop())
        open_ones = self._open.get(record.value["merchant_id"])
        for shown in list(open_ones or ()):
            if self._wrong_balance(book, shown) is None:
                self._open[shown.merchant].remove(shown)
            elif record.ts > shown.answered + LATE_MS:
                self._open[shown.merchant].remove(shown)
                self._fail(book, shown)

    def _look(self, book: Book, shown: Balance) -> None:
        """The answer names a place and may be newer than that: it is kept until it is true, or its time is over."""
        self._found.look()
        if self._wrong_balance(book, shown) is not None:
            self._open.setdefault(shown.merchant, []).append(shown)

    def recorded(self, book: Book, record: Record) -> None:
        """The payouts that a record has moved stand at new versions."""
        for payout_id in {change.payout for change in book.changes} if self._payouts else ():
            payout = book.payouts[payout_id]
            for told, (place, began) in self._payouts.pop((payout_id, payout.version), {}).items():
                if told[MEMBERS.index("reason")] == "unsealed" and payout.batch is not None:
                    self._unsealed.append((payout.batch, place, began))
                wrong = _wrong(told, payout, unsealed=_is_unsealed(book, payout))
                self._found.need(wrong is None, place, f"payout {payout_id} v{payout.version}: {wrong}")
        for change in book.changes if self._payouts else ():
            self._payouts.pop((change.payout, change.version), None)

    def _wrong_balance(self, book: Book, shown: Balance) -> str | None:
        for currency, available, held in shown.told:
            own = (book.balance(shown.merchant, currency, "available"), book.balance(shown.merchant, currency, "held"))
            if (available, held) != own:
                return f"(available, held) is {(available, held)} {currency}, the log gives {own}"
        return None

    def _fail(self, book: Book, shown: Balance) -> None:
        self._found.fail(shown.place, f"balance of {shown.merchant}: {self._wrong_balance(book, shown)}, and never before")

    def finish(self, book: Book) -> None:
        """What is left over."""
        for waiting in self._balances.values():
            for shown in waiting:
                self._look(book, shown)
        for open_ones in self._open.values():
            for shown in open_ones:
                if self._wrong_balance(book, shown) is not None:
                    self._fail(book, shown)
        for batch_id, place, began in self._unsealed:
            self._judge_unsealed(book, batch_id, place, began)
        for (payout_id, version), told in self._payouts.items():
            self._found.fail(
                next(iter(told.values()))[0], f"payout {payout_id} is shown at v{version}, which the log never gave"
            )
        for entry in self._lost:
            since, merchant = self._made.get(entry.path.rsplit("/", 1)[-1], (entry.began + 1, ""))
            behind = "payflow-behind" in entry.headers
            self._found.need(
                entry.began < since or merchant != entry.merchant or behind,
                entry.place,
                f"{entry.path}: 404, it was made before",
            )

    def _judge_unsealed(self, book: Book, batch_id: str, place: str, began: int) -> None:
        """A row may be shown as unsealed for as long as the views may lag behind the release."""
        batch = book.batches.get(batch_id)
        if batch is None or batch.released_at is None:
            return
        until = max(batch.released_at, int(self._run.get("last_fault_ms") or 0)) + LAG_MS
        self._found.need(began <= until, place, f"a row of {batch_id} is unsealed, it was released at {batch.released_at}")


def _is_unsealed(book: Book, payout: Payout) -> bool:
    batch = book.batches.get(payout.batch or "")
    return batch is not None and batch.phase == "open" and payout.status == "pending"


def _wrong(told: tuple[Any, ...], payout: Payout, *, unsealed: bool) -> str | None:
    """A row that is there before its batch is sealed may be read then, which is told, or later at the same version."""
    for value, (member, name) in zip(told, SHOWN, strict=True):
        if member == "reason" and value == "unsealed" and unsealed:
            continue
        if value is not SHOWN and value != getattr(payout, name):
            return f"{member} is shown as {value!r}, the log gives {getattr(payout, name)!r}"
    return None

"""I5: each history is a path of the published table (LIF-01), one version at a time; an end is an end.

Owns the walk of payouts and batches. What moves money is I19, what time does is I16.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import KNOWN, TARGETS, Json, row_id
from checker.fold.runs import meant, moved
from checker.fold.state import Payout
from checker.fold.table import legal
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict

BATCH_ENDS = frozenset({"batch_released", "batch_refused", "batch_canceled"})


class Machine(Watcher):
    """Walks every payout and batch along the table."""

    name = "I5"

    def before(self, book: Book, record: Record, event: Json) -> None:
        """One event against the states before it."""
        kind = event.get("type")
        self.found.look()
        if kind not in KNOWN:
            self.found.fail(record.place, f"an event of unknown type {kind!r}")
        elif kind in {"payout_accepted", "payout_rejected"}:
            self._born(book, record, event["payout_id"])
        elif kind == "rows_added":
            self._rows(book, record, event)
        elif kind in BATCH_ENDS:
            self._batch_end(book, record, event)
        elif kind == "batch_stopped":
            self._stopped(book, record, event)
        elif kind == "batch_opened" and event["batch_id"] in book.batches:
            self.found.fail(record.place, f"batch {event['batch_id']} is opened a second time")
        for run in event.get("waiting" if kind == "batch_released" else "runs") or ():
            self._run(book, record, event, run)
        self._moves(book, record, event)

    def _run(self, book: Book, record: Record, event: Json, run: Json) -> None:
        """A run counts the rows that it means, from the first to the last of them, or to the end of the batch."""
        rows = [payout.row or 0 for payout in meant(book, {**event, "runs": [run], "waiting": [run]})]
        told = f"{event['type']}: rows {run['first_row']} to {run['last_row']} of {run['batch_id']} in {run['currency']}"
        self.found.need(len(rows) == run["count"], record.place, f"{told} are {len(rows)}, it says {run['count']}")
        self.found.need(rows[:1] == [run["first_row"]], record.place, f"{told} begin with {rows[:1]}")

    def _stopped(self, book: Book, record: Record, event: Json) -> None:
        batch = book.batches.get(event["batch_id"])
        state = batch.phase if batch is not None else "unknown"
        self.found.need(state == "released", record.place, f"batch {event['batch_id']}, which is {state}, is stopped")
        rows = list(meant(book, event))
        waiting = sum(payout.reason == "funds" for payout in rows)
        told, true = (event["row_count"], event.get("waiting_rows", 0)), (len(rows), waiting)
        self.found.need(
            told == true, record.place, f"stops {told} (rows, waiting) of batch {event['batch_id']}; it is {true}"
        )

    def _born(self, book: Book, record: Record, payout_id: str) -> None:
        self.found.need(payout_id not in book.payouts, record.place, f"payout {payout_id} is born a second time")

    def _rows(self, book: Book, record: Record, event: Json) -> None:
        batch = book.batches.get(event["batch_id"])
        if batch is None or batch.phase != "open" or batch.merchant != record.value["merchant_id"]:
            state = batch.phase if batch else "unknown"
            self.found.fail(record.place, f"rows for batch {event['batch_id']}, which is {state}")
        elif event["first_row"] != batch.row_count + 1:
            self.found.fail(record.place, f"rows from {event['first_row']} for a batch of {batch.row_count} rows")
        for row in range(event["first_row"], event["first_row"] + len(event["rows"])):
            self._born(book, record, row_id(event["batch_id"], row))

    def _batch_end(self, book: Book, record: Record, event: Json) -> None:
        batch = book.batches.get(event["batch_id"])
        if batch is None or batch.phase != "open":
            state = batch.phase if batch else "unknown"
            self.found.fail(record.place, f"{event['type']} of batch {event['batch_id']}, which is {state}")
        elif batch.row_count != event["row_count"]:
            self.found.fail(record.place, f"{event['type']} of {event['row_count']} rows; the batch has {batch.row_count}")

    def _moves(self, book: Book, record: Record, event: Json) -> None:
        seen: set[str] = set()
        for item in moved(book, event):
            self.found.look()
            payout = book.payouts.get(item["payout_id"])
            wrong = (
                f"moves it twice in {event['type']}"
                if item["payout_id"] in seen
                else _wrong(book, payout, record, event, item)
            )
            seen.add(item["payout_id"])
            if wrong is not None:
                self.found.fail(record.place, f"payout {item['payout_id']}: {wrong}")


def _wrong(book: Book, payout: Payout | None, record: Record, event: Json, item: Json) -> str | None:
    """What is wrong with a move, or None."""
    if payout is None:
        return f"{event['type']} of a payout that was never born"
    if payout.merchant != record.value["merchant_id"] or payout.partition != record.partition:
        return "is moved under another merchant or partition than it was born"
    target = TARGETS[event["type"]]
    if not legal(payout.status, target):
        return f"{payout.status} to {target} is not in the table"
    version = item.get("version", payout.version + 1)
    if version != payout.version + 1:
        return f"version {version} follows version {payout.version}"
    return _wrong_attempt(book, payout, event, item)


def _wrong_attempt(book: Book, payout: Payout, event: Json, item: Json) -> str | None:
    kind = event["type"]
    if kind == "payouts_funded":
        return None if payout.reason == "funds" else "is funded and did not wait for funds"
    if "attempt" not in item:
        return None
    if event.get("batch_id") != payout.batch:
        return f"is moved as a row of {event.get('batch_id')}"
    if kind == "attempts_started":
        return _wrong_start(book, payout, item)
    if payout.attempt != item["attempt"] or payout.provider != event.get("provider"):
        return f"{kind} of attempt {item['attempt']}; attempt {payout.attempt} is the newest"
    if kind != "payouts_completed" and payout.reason == "retry":
        return f"{kind} of an attempt that has ended"
    return None


def _wrong_start(book: Book, payout: Payout, item: Json) -> str | None:
    if item["attempt"] != payout.attempt + 1:
        return f"attempt {item['attempt']} follows attempt {payout.attempt}"
    if payout.status == "processing":
        return None if payout.reason == "retry" else "a new attempt while one is open"
    if payout.status != "pending":
        return f"a new attempt while it is {payout.status}"
    batch = book.batches.get(payout.batch or "")
    if payout.batch is not None and (batch is None or batch.phase != "released"):
        return "is sent before its batch is sealed"
    return None if payout.reason in {None, "schedule"} else f"is sent while it waits ({payout.reason})"


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I5."""
    return walk(evidence, [Machine(evidence)])["I5"]

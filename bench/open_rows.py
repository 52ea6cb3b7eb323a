"""`python -m bench.open_rows 1000000`: what open, unpaid rows take in a processor's memory, and what a row costs it on its way.

Owns one process without broker or database: the writer's own steps (read, decide, fold, stand, count, forget) over commands in chunks of
500, with the projection right behind. The rows are those of `bench.rows_file`. Must not know how the book keeps its payouts.
"""

import argparse
import gc
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import rows_file
from domain.book import Book
from domain.policy import Policy
from schemas.codec import encode
from schemas.commands import (
    AddRows,
    Command,
    CommandRecord,
    CreditMerchant,
    OpenBatch,
    OpenMerchant,
    ProviderAnswer,
    RecordAnswers,
    SealBatch,
    StartAttempts,
)
from schemas.currencies import enabled
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id
from schemas.words import Outcome
from services.processor import lookups, poll
from services.processor.checkpoint import Checkpoint
from services.processor.inbox import Waiting
from services.processor.measures import count
from services.processor.memory import Memory
from services.processor.ports import Lacking
from services.processor.timers import Timers

CHUNK = 500
HOUR_MS = 3_600_000
START_MS = 1_790_000_000_000
MERCHANT, BATCH = "bench-merchant", "019b0000-000b-7000-8000-000000000000"
CREDIT = "019b0000-000c-7000-8000-000000000000"
MIB = 1024 * 1024


class EmptyViews:
    """Views that hold nothing yet: of these rows all is in memory."""

    async def fill(self, book: Book, lacking: Lacking, partition: int) -> int:  # noqa: ARG002  the processor's port
        """Find nothing, at offset 0."""
        return 0


class Walk:
    """Commands through one memory, with the processor time of each step."""

    def __init__(self) -> None:
        """An empty partition."""
        self.memory, self.timers = Memory(Checkpoint(Book(), 0, 0)), Timers()
        self.policy = Policy(currencies=enabled({"UGX"}))
        self.took: dict[tuple[str, str], float] = defaultdict(float)
        self._lookups, self._offset = lookups.Lookups(EmptyViews(), 0), 0

    def tell(self, kind: str, body: Command) -> None:
        """Decide one command as the writer does."""
        record = CommandRecord(id=f"command-{self._offset}", merchant_id=MERCHANT, at=START_MS, body=body, actor="bench")
        raw = Waiting(self._offset, MERCHANT.encode(), encode(record))
        memory, now = self.memory, START_MS + self._offset
        with self._timed(kind, "read"):
            readable = poll.read(raw)
        with self._timed(kind, "lacks"):
            self._look_up([readable.command] if readable.command else [])
        with self._timed(kind, "decide and fold"):
            rulings = poll.decide_all(memory, [readable], now, self.policy, 0)
        with self._timed(kind, "encode"):
            poll.to_write(rulings)
        with self._timed(kind, "stand and count"):
            for ruled, touched in rulings:
                memory.stand(ruled, touched, self._offset)
                self.timers.note(count(memory.book, ruled, touched))
        self._offset += 1
        with self._timed(kind, "forget"):
            memory.forget(self._offset)

    def _look_up(self, commands: Sequence[CommandRecord]) -> None:
        """The writer's look-up, stepped without an event loop: these views answer at once."""
        with suppress(StopIteration):
            self._lookups.fetch(self.memory.book, commands).send(None)

    @contextmanager
    def _timed(self, kind: str, step: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.took[kind, step] += time.process_time() - began


def _form(row: int) -> PayoutForm:
    payee = {"type": "mobile_money", "msisdn": rows_file.payee(row), "name": f"Payee {row}"}
    return PayoutForm(amount_minor=1000 + row % 500, currency="UGX", recipient=payee, reference=f"bench-{row}")


def open_rows(walk: Walk, rows: int) -> None:
    """A sealed batch of so many rows, none of them tried yet."""
    walk.tell("set up", OpenMerchant(name="Bench", main_currency="UGX"))
    walk.tell("set up", CreditMerchant(credit_id=CREDIT, amount_minor=10**12, currency="UGX", reference="credit"))
    walk.tell("set up", OpenBatch(batch_id=BATCH))
    for first in range(1, rows + 1, CHUNK):
        forms = [_form(row) for row in range(first, min(first + CHUNK, rows + 1))]
        walk.tell("added", AddRows(batch_id=BATCH, first_row=first, rows=forms))
    walk.tell("set up", SealBatch(batch_id=BATCH))


def pay_rows(walk: Walk, rows: int) -> None:
    """All of them started and paid, in the order in which rails go: groups of 500, eight in flight."""
    chunks = [range(first, min(first + CHUNK, rows + 1)) for first in range(1, rows + 1, CHUNK)]
    for step in range(len(chunks) + 8):
        if step < len(chunks):
            ids = [row_payout_id(BATCH, row) for row in chunks[step]]
            walk.tell("attempts", StartAttempts(provider="simulator", payout_ids=list(ids), batch_id=BATCH))
        if step >= 8:
            told = [_paid(row) for row in chunks[step - 8]]
            walk.tell("answers", RecordAnswers(provider="simulator", answers=told, batch_id=BATCH))
    walk.timers.due(walk.memory.book, START_MS + HOUR_MS)  # the deadlines of all these attempts are over


def _paid(row: int) -> ProviderAnswer:
    payout_id = row_payout_id(BATCH, row)
    return ProviderAnswer(payout_id=payout_id, attempt=1, outcome=Outcome.PAID, provider_reference=f"sim-{row:08d}")


def rss_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MIB, 1)


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--no-pay", action="store_true", help="leave them open")
    parser.add_argument("--into", type=Path, help="a folder to keep it in, too")
    arguments = parser.parse_args()
    gc.collect()
    found: dict[str, object] = {"rows": arguments.rows, "rss_before": rss_mib()}
    walk = Walk()
    open_rows(walk, arguments.rows)
    found["rss_open"] = rss_mib()
    began = time.process_time()
    gc.collect()
    found["full_collection_s"] = round(time.process_time() - began, 3)
    if not arguments.no_pay:
        pay_rows(walk, arguments.rows)
        gc.collect()
        found |= {"rss_paid": rss_mib(), "left_open": len(walk.memory.book.payouts)}
    per_row: dict[str, dict[str, float]] = defaultdict(dict)
    for (kind, step), seconds in walk.took.items():
        if kind != "set up":
            per_row[kind][step] = round(seconds / arguments.rows * 1e6, 2)
    found["us_a_row"] = per_row
    found["us_a_row_all"] = round(sum(sum(steps.values()) for steps in per_row.values()), 2)
    if arguments.into:
        kept = arguments.into / f"{time.strftime('%Y%m%d-%H%M%S')}-open-rows.json"
        kept.write_text(json.dumps(found) + "\n", encoding="ascii")
    print(json.dumps(found))


if __name__ == "__main__":
    main()

"""All row changes of one transaction, folded.

Owns the folding per key: one row per payout, balance and batch total, whatever the records of the transaction were, so that no
statement meets a key twice and the rows do not depend on where transactions were cut. Must not know events or SQL.
"""

from services.projector.copy_text import storable
from services.projector.steps import PayoutRows, Step

Row = dict[str, object]


class Changes:
    """What to write for the records of one partition from `start` (events offset) to `next_offset`, which it stands at then.

    `changes` and `entries` are COPY lines. `balances` maps (merchant, currency, account) to [minor units, entries, last offset];
    `totals` maps (batch, currency, status) to [rows, minor units]; both are to be added, zeros too: a row exists once it was touched.
    `figures` maps (merchant, quarter, word, provider, currency, code), `row_states` (merchant, currency, status) to [count, minor units],
    and `paid_times` (merchant, quarter, provider, seconds) to a count, all to be added.
    """

    __slots__ = (
        "accounts",
        "answers",
        "balances",
        "batch_moves",
        "batches",
        "change_count",
        "changes",
        "credits",
        "entries",
        "figures",
        "first_at",
        "last_at",
        "merchants",
        "new_batches",
        "next_offset",
        "next_source",
        "paid_times",
        "partition",
        "records",
        "row_states",
        "start",
        "start_source",
        "steps",
        "totals",
    )

    def __init__(self, partition: int, next_offset: int, next_source: int) -> None:
        """Empty, for a partition whose views stand at `next_offset` and expect source offset `next_source`."""
        self.partition = partition
        self.start = self.next_offset = next_offset
        self.start_source = self.next_source = next_source
        self.first_at = self.last_at = self.records = self.change_count = 0
        self.steps: list[Step] = []
        self.changes: list[str] = []
        self.entries: list[str] = []
        self.balances: dict[tuple[str, str, str], list[int]] = {}
        self.totals: dict[tuple[str, str, str], list[int]] = {}
        self.figures: dict[tuple[str, int, str, str, str, str], list[int]] = {}
        self.paid_times: dict[tuple[str, int, str, int], int] = {}
        self.row_states: dict[tuple[str, str, str], list[int]] = {}
        self.merchants: dict[str, Row] = {}
        self.accounts: dict[tuple[str, str], Row] = {}
        self.credits: list[Row] = []
        self.new_batches: list[Row] = []
        self.batches: dict[str, Row] = {}
        self.batch_moves: list[Row] = []
        self.answers: dict[tuple[str, str], Row] = {}

    def payouts(self) -> PayoutRows:
        """Where changes of payouts are folded now: behind the last guarded statement."""
        if self.steps and isinstance(self.steps[-1], PayoutRows):
            return self.steps[-1]
        rows = PayoutRows()
        self.steps.append(rows)
        return rows

    def post(self, merchant_id: str, currency: str, account: str, amount_minor: int, offset: int) -> None:
        """One ledger entry counts towards its balance."""
        cell = self.balances.setdefault((merchant_id, currency, account), [0, 0, 0])
        cell[0] += amount_minor
        cell[1] += 1
        cell[2] = offset

    def count(self, batch_id: str, currency: str, status: str, count: int, amount_minor: int) -> None:
        """A batch total changes."""
        cell = self.totals.setdefault((batch_id, currency, status), [0, 0])
        cell[0] += count
        cell[1] += amount_minor

    def add_merchant(self, row: Row) -> None:
        """A merchant; a later one of the same id keeps the time of the first."""
        _keep_first(self.merchants, str(row["id"]), row)

    def add_account(self, row: Row) -> None:
        """A bank account; a later one of the same id keeps the time of the first."""
        _keep_first(self.accounts, (str(row["merchant_id"]), str(row["id"])), row)

    def change_batch(self, batch_id: str, at: int, offset: int, **changed: object) -> None:
        """A batch was touched; `changed` are columns that have a new value."""
        row = self.batches.setdefault(batch_id, {"id": batch_id, "added": {}, "waiting": 0, "advanced": 0})
        row.update(updated_at=at, last_offset=offset, **_storable(changed))

    def grow_batch(self, batch_id: str, sums_minor: dict[str, int]) -> None:
        """Rows were added to a batch that `change_batch` has named: currency to minor units."""
        added = self.batches[batch_id]["added"]
        assert isinstance(added, dict)
        for currency, amount in sums_minor.items():
            added[currency] = added.get(currency, 0) + amount

    def wait(self, batch_id: str, rows: int) -> None:
        """So many rows more, or less, of a batch that `change_batch` has named wait for funds."""
        row = self.batches[batch_id]
        row["waiting"] = int(str(row["waiting"])) + rows

    def advance(self, batch_id: str) -> None:
        """A batch that `change_batch` has named is at its next version."""
        row = self.batches[batch_id]
        row["advanced"] = int(str(row["advanced"])) + 1

    def remember(self, row: Row) -> None:
        """A key remembers; the last word counts."""
        self.answers[str(row["merchant_id"]), str(row["key"])] = _storable(row)


def _keep_first(rows: dict[str, Row] | dict[tuple[str, str], Row], key: object, row: Row) -> None:
    known = rows.get(key)  # type: ignore[call-overload]
    first = row if known is None else known
    rows[key] = {**_storable(row), "created_at": first["created_at"]}  # type: ignore[index]


def _storable(row: Row) -> Row:
    return {name: storable(value) if isinstance(value, str) else value for name, value in row.items()}

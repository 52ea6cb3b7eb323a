"""The views' tables in memory: rows as the columns of services.projector.tables name them, written by the changes that the projector folded.

Owns what the database owns: the compare-and-set of the offset, uniqueness, guards on versions, all or nothing. COPY lines are read back as
Postgres would. Must not know an event.
"""

from collections import defaultdict
from typing import Any

import msgspec
import psycopg
from sqlalchemy import BigInteger, Integer

from schemas.ids import batch_id_range, row_payout_id
from services.projector import statements, tables
from services.projector.changes import Changes
from services.projector.moves import COLUMNS, DriftError
from services.projector.steps import CancelRows, Cause, Edit, Fund, PayoutRows, RowReason, Step
from services.projector.store import DisplacedError, Position

Row = dict[str, Any]

_KEPT_FIRST = ("processing_started_at", "completed_at")
_NEWER = ("provider", "attempt_count", "inquiry_count", "bank_reference_id", "failed_at", "canceled_at")
_PLAIN = [name for name in COLUMNS if name not in _KEPT_FIRST + _NEWER]


def _names(statement: str) -> list[str]:
    inside = statement[statement.index("(") + 1 : statement.index(")")]
    return [name.strip().strip('"') for name in inside.split(",")]


def _reader(table: Any, statement: str) -> list[tuple[str, bool]]:
    return [(name, name == "expects" or isinstance(table.c[name].type, BigInteger | Integer)) for name in _names(statement)]


PAYOUT_FIELDS = _reader(tables.payouts, statements.PAYOUTS.copy)
MOVE_FIELDS = _reader(tables.payouts, statements.MOVES.copy)
CHANGE_FIELDS = _reader(tables.payout_changes, statements.CHANGES.copy)
ENTRY_FIELDS = _reader(tables.ledger_entries, statements.ENTRIES.copy)
_BLANK_PAYOUT: Row = {column.name: None for column in tables.payouts.columns}
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def read_line(fields: list[tuple[str, bool]], line: str) -> Row:
    """One COPY line as a row."""
    values = line.removesuffix("\n").split("\t")
    if len(values) != len(fields):
        raise psycopg.errors.BadCopyFileFormat(f"{len(fields)} columns, {len(values)} values")
    row: Row = {}
    for (name, number), value in zip(fields, values, strict=True):
        if value == r"\N":
            row[name] = None
        elif number:
            row[name] = int(value)
        else:
            row[name] = _plain(value) if "\\" in value else value
    return row


def _place(row: Row) -> tuple[int, int]:
    return row["offset"], row["idx"]


def _plain(value: str) -> str:
    parts = iter(value)
    return "".join(_ESCAPED[next(parts)] if part == "\\" else part for part in parts)


class Tables:
    """All tables of the views."""

    def __init__(self) -> None:
        self.offsets: dict[int, tuple[int, int, int]] = {}
        self.rows: dict[str, dict[Any, Row]] = defaultdict(dict)
        self.log: dict[int, list[Row]] = defaultdict(list)
        self._undo: list[tuple[str, Any, Row | None]] = []

    def position(self, partition: int) -> Position:
        """Where a partition's views stand."""
        self.offsets.setdefault(partition, (0, 0, 0))
        return Position(*self.offsets[partition][:2])

    def apply(self, changes: Changes) -> None:
        """One transaction: all of it or nothing."""
        self._claim(changes)
        self._undo = []
        told = len(self.log[changes.partition])
        try:
            self._write(changes)
        except BaseException:
            self._roll_back(changes.partition, told)
            raise
        self.log[changes.partition][told:] = sorted(self.log[changes.partition][told:], key=_place)
        self.offsets[changes.partition] = (changes.next_offset, changes.next_source, changes.last_at)

    def _claim(self, changes: Changes) -> None:
        stands = self.offsets.get(changes.partition, (0, 0, 0))[:2]
        if stands != (changes.start, changes.start_source):
            raise DisplacedError(f"the views of partition {changes.partition} stand at {stands}, not at {changes.start}")

    def _roll_back(self, partition: int, told: int) -> None:
        del self.log[partition][told:]
        for table, key, before in reversed(self._undo):
            if before is None:
                del self.rows[table][key]
            else:
                self.rows[table][key] = before

    def _set(self, table: str, key: Any, row: Row) -> None:
        self._undo.append((table, key, self.rows[table].get(key)))
        self.rows[table][key] = row

    def _insert(self, table: str, key: Any, row: Row) -> None:
        if key in self.rows[table]:
            raise psycopg.errors.UniqueViolation(f"{table} has {key} already")
        self._set(table, key, row)

    def _write(self, changes: Changes) -> None:
        for step in changes.steps:
            self._step(step)
        for line in changes.changes:
            self._changed(read_line(CHANGE_FIELDS, line))
        for line in changes.entries:
            row = read_line(ENTRY_FIELDS, line)
            self._insert("ledger_entries", (row["partition"], row["offset"], row["leg"]), row)
        self._small(changes)

    def _changed(self, row: Row) -> None:
        self._insert("payout_changes", (row["partition"], row["offset"], row["idx"]), row)
        self.log[row["partition"]].append(row)

    def _step(self, step: Step) -> None:
        match step:
            case PayoutRows():
                self._payouts(step)
            case Edit():
                self._edit(step)
            case Fund():
                for item in step.payouts:
                    self._funded(step.cause, item)
            case RowReason():
                self._reasoned(step)
            case CancelRows():
                self._cancel(step)

    def _payouts(self, step: PayoutRows) -> None:
        for line in step.born_lines():
            row = read_line(PAYOUT_FIELDS, line)
            self._insert("payouts", row["id"], {**_BLANK_PAYOUT, **row})
        for line in step.move_lines():
            move = read_line(MOVE_FIELDS, line)
            self._set("payouts", move["id"], self._moved(move))

    def _moved(self, move: Row) -> Row:
        row = dict(self._at_version(move["id"], move["expects"]))
        for name in _PLAIN:
            row[name] = move[name]
        for name in _NEWER:
            row[name] = row[name] if move[name] is None else move[name]
        for name in _KEPT_FIRST:
            row[name] = move[name] if row[name] is None else row[name]
        return row

    def _edit(self, step: Edit) -> None:
        before = self._at_version(step.payout_id, step.version - 1)
        names = ("amount_minor", "currency", "recipient", "bank_account_id", "description", "version")
        row = {**before, **{name: getattr(step, name) for name in names}, "updated_at": step.cause.at}
        self._set("payouts", step.payout_id, row)
        self._told(step.cause, step.idx, row)

    def _funded(self, cause: Cause, item: Any) -> None:
        before = self._at_version(item.payout_id, item.version - 1)
        due_at = before["due_at"] if item.reason == "schedule" else None
        row = {**before, "reason": item.reason, "due_at": due_at, "version": item.version, "updated_at": cause.at}
        self._set("payouts", item.payout_id, row)
        self._told(cause, item.idx, row)

    def _cancel(self, step: CancelRows) -> None:
        payouts = self.rows["payouts"]
        pending = self._pending_rows(step.batch_id, *batch_id_range(step.batch_id))
        if len(pending) != step.row_count:
            raise DriftError(f"{step.row_count} rows of {step.batch_id} to cancel, {len(pending)} are pending")
        ended = {
            "status": "canceled",
            "reason": None,
            "due_at": None,
            "failure_code": step.code,
            "failure_reason": step.detail,
        }
        for idx, payout_id in enumerate(pending, step.first_idx):
            before = payouts[payout_id]
            times = {"version": before["version"] + 1, "updated_at": step.cause.at, "canceled_at": step.cause.at}
            row = {**before, **ended, **times}
            self._set("payouts", payout_id, row)
            self._told(step.cause, idx, row)

    def _pending_rows(self, batch_id: str, lowest: str, highest: str) -> list[str]:
        payouts = self.rows["payouts"]
        ids = [i for i, p in payouts.items() if lowest <= i <= highest and p["batch_id"] == batch_id]
        return sorted((i for i in ids if payouts[i]["status"] == "pending"), key=lambda i: payouts[i]["row_number"])

    def _reasoned(self, step: RowReason) -> None:
        run, payouts = step.run, self.rows["payouts"]
        ends = row_payout_id(run.batch_id, run.first_row), row_payout_id(run.batch_id, run.last_row)
        pending = [payouts[i] for i in self._pending_rows(run.batch_id, *ends)]
        meant = [row for row in pending if (row["currency"], row["reason"]) == (run.currency, step.before)]
        if len(meant) != run.count:
            raise DriftError(f"{run.count} rows of {run.batch_id} are to be {step.after}, {len(meant)} are {step.before}")
        for idx, before in enumerate(meant, step.first_idx):
            row = {**before, "reason": step.after, "version": before["version"] + 1, "updated_at": step.cause.at}
            self._set("payouts", before["id"], row)
            self._told(step.cause, idx, row)

    def _at_version(self, payout_id: str, version: int) -> Row:
        before = self.rows["payouts"].get(payout_id)
        if before is None or before["version"] != version:
            raise DriftError(f"payout {payout_id} is not at version {version}")
        return before

    def _told(self, cause: Cause, idx: int, row: Row) -> None:
        same = ("merchant_id", "batch_id", "version", "status", "reason", "attempt_count", "inquiry_count", "due_at")
        more = ("failure_code", "failure_reason", "bank_reference_id")
        change = {"partition": cause.partition, "offset": cause.offset, "idx": idx, "payout_id": row["id"]}
        change |= {name: row[name] for name in (*same, *more)}
        self._changed({**change, "at": row["updated_at"], "actor": cause.actor, "command_id": cause.command_id})

    def _small(self, changes: Changes) -> None:
        for key, row in changes.merchants.items():
            before = self.rows["merchants"].get(key, {"created_at": row["created_at"]})
            self._set("merchants", key, {**row, "created_at": before["created_at"]})
        for pair, row in changes.accounts.items():
            known = self.rows["bank_accounts"].get(pair, {"created_at": row["created_at"]})
            self._set("bank_accounts", pair, {**row, "created_at": known["created_at"]})
        for row in changes.credits:
            self._insert("credits", (row["merchant_id"], row["reference"]), row)
        for row in changes.new_batches:
            self._new_batch(row)
        for batch_id, row in changes.batches.items():
            self._batch(batch_id, row)
        for row in changes.batch_moves:
            self._insert("batch_moves", (row["partition"], row["offset"], row["idx"]), row)
        self._sums(changes)
        for pair, row in changes.answers.items():
            body = row["body"]
            self._set("idempotency_answers", pair, {**row, "body": body.encode() if isinstance(body, str) else None})

    def _new_batch(self, row: Row) -> None:
        more = {"refusal_code": None, "refusal_detail": None, "released_at": None, "last_offset": 0, "sums_minor": "{}"}
        more |= {"stopped_at": None, "waiting_rows": 0, "version": 0, "refused_rows": None}
        self._insert("batches", row["id"], {**row, "updated_at": row["created_at"], "phase": "open", "row_count": 0, **more})

    def _batch(self, batch_id: str, changed: Row) -> None:
        before = self.rows["batches"].get(batch_id)
        if before is None:
            raise DriftError(f"batch {batch_id} is not there")
        row = {
            **before,
            **{
                name: value
                for name, value in changed.items()
                if value is not None and name not in {"added", "waiting", "advanced"}
            },
        }
        row["waiting_rows"] = before["waiting_rows"] + changed["waiting"]
        row["version"] = before["version"] + changed["advanced"]
        sums = msgspec.json.decode(before["sums_minor"])
        for currency, amount in changed["added"].items():
            sums[currency] = sums.get(currency, 0) + amount
        row["sums_minor"] = msgspec.json.encode(dict(sorted(sums.items()))).decode()
        self._set("batches", batch_id, row)

    def _sums(self, changes: Changes) -> None:
        for key, (count, amount) in changes.totals.items():
            before = self.rows["batch_totals"].get(key, {"count": 0, "amount_minor": 0})
            names = dict(zip(("batch_id", "currency", "status"), key, strict=True))
            summed = {"count": before["count"] + count, "amount_minor": before["amount_minor"] + amount}
            self._set("batch_totals", key, {**names, **summed})
        for account, (amount, count, last) in changes.balances.items():
            held = self.rows["balances"].get(account, {"balance_minor": 0, "entry_count": 0})
            names = dict(zip(("merchant_id", "currency", "account"), account, strict=True))
            summed = {"balance_minor": held["balance_minor"] + amount, "entry_count": held["entry_count"] + count}
            self._set("balances", account, {**names, **summed, "partition": changes.partition, "last_offset": last})

"""Ways to bend the views, live and rebuilt (I8)."""

from tests.unit.checker.bends.places import Bend, table

BENDS: list[tuple[str, str, Bend]] = [
    ("I8", "a live row differs", lambda f: table(f, "payouts")[0].update(failure_reason="x")),
    ("I8", "a rebuilt row differs", lambda f: table(f, "payouts", "sql_rebuilt")[0].update(updated_at=1)),
    ("I8", "a row is missing", lambda f: table(f, "payout_changes").pop(3)),
    ("I8", "a row is there twice", lambda f: table(f, "ledger_entries").append(f["sql/ledger_entries.jsonl"][0])),
    ("I8", "an answer's bytes differ", lambda f: table(f, "idempotency_answers")[0].update(body="\\x7b7d")),
    ("I8", "a batch total drifts", lambda f: table(f, "batch_totals")[3].update(count=3)),
    ("I8", "a credit is missing", lambda f: table(f, "credits").clear()),
]
"""Invariant, what is bent, and how."""

"""The views' tables: what the projector writes and everyone else reads.

Owns names, types, keys and indexes; `migrations/` builds the same (a test compares them). Nothing here names a schema: the
connection's search_path does, so that a rebuild can stand beside the live views. Amounts are minor units, times ms UTC. Must not know
an event.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

Id = Uuid(as_uuid=False)
UNFINISHED = text(
    "completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL AND reason IS DISTINCT FROM 'insufficient_funds'"
)
"""What is pending, processing or requires action, without naming the state: a column that an index names, also in its condition, makes
each change of it a new entry in every index of the table (no HOT update)."""
ALONE = text("batch_id IS NULL AND " + UNFINISHED.text)
"""Payouts under way that belong to no batch: those of batches are counted by `row_states`."""
ROWS_WAIT = text("batch_id IS NOT NULL AND reason = 'funds'")
"""Rows of batches that wait for funds: `row_states` counts them with those that are held."""
ALONE_FAILED = text("batch_id IS NULL AND failed_at IS NOT NULL")
HAS_REFERENCE = text("reference IS NOT NULL")
"""Not unique: a reference is free again when its payout was rejected or its batch refused. The processor keeps it unique."""

HOT = {"fillfactor": "50"}
"""Small tables whose rows change all the time: room for the next version on the same page."""


def _tally(name: str, keys: Mapping[str, Any], amounts: TypeEngine[Any], *indexes: Index) -> Table:
    """A table that counts by its keys: how many, and how much in all."""
    counted = Column("count", BigInteger, nullable=False), Column("amount_minor", amounts, nullable=False)
    named = [Column(key, kind, nullable=False) for key, kind in keys.items()]
    return Table(name, metadata, *named, *counted, PrimaryKeyConstraint(*keys), *indexes, postgresql_with=HOT)


projection_offsets = Table(
    "projection_offsets",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("next_source", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    postgresql_with=HOT,
)
"""Where each partition stands: the events offset to read next, the source offset it must name, and the time of the last record."""

merchants = Table(
    "merchants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("main_currency", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("key_required", Boolean, nullable=False, server_default=text("false")),
)

bank_accounts = Table(
    "bank_accounts",
    metadata,
    Column("id", Id, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("ifsc", Text),
    Column("bank_name", Text),
    Column("account_type", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("is_primary", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("verification", Text),
    PrimaryKeyConstraint("merchant_id", "id"),
)
"""The id is the client's: two merchants, on two partitions, may have chosen the same. `verification` is the JSON text of
`schemas.accounts.Verification`: it holds the amounts of the deposits, which no answer shows."""

balances = Table(
    "balances",
    metadata,
    Column("merchant_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("entry_count", BigInteger, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("last_offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "currency", "account"),
    postgresql_with=HOT,
)
"""The fold of each account's entries (LED-04)."""

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("leg", Integer, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("entry_type", Text, nullable=False),
    Column("payout_id", Id),
    Column("batch_id", Id),
    Column("payout_count", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("partition", "offset", "leg"),
    Index("ledger_entries_merchant", "merchant_id", "offset", "leg"),
)
"""One row per posting. `payout_id` where the event is about exactly one payout; `payout_count` is all payouts of the event."""

payouts = Table(
    "payouts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("merchant_id", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("batch_id", Id),
    Column("row_number", Integer),
    Column("reference", Text),
    Column("idempotency_key", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("recipient", Text),
    Column("bank_account_id", Id),
    Column("description", Text),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("failure_code", Text),
    Column("failure_reason", Text),
    Column("provider", Text),
    Column("attempt_count", Integer, nullable=False),
    Column("inquiry_count", Integer, nullable=False),
    Column("bank_reference_id", Text),
    Column("expected_settlement_date", Text),
    Column("processing_started_at", BigInteger),
    Column("completed_at", BigInteger),
    Column("failed_at", BigInteger),
    Column("canceled_at", BigInteger),
    Column("returned_at", BigInteger),
    Column("settled_at", BigInteger),
    Index("payouts_merchant", "merchant_id", "id"),
    Index("payouts_reference", "merchant_id", "reference", postgresql_where=HAS_REFERENCE),
    Index("payouts_unfinished", "partition", postgresql_where=UNFINISHED),
    Index("payouts_alone", "merchant_id", postgresql_where=ALONE),
    Index("payouts_alone_failed", "failed_at", postgresql_where=ALONE_FAILED),
    Index("payouts_rows_wait", "merchant_id", "currency", postgresql_where=ROWS_WAIT),
    postgresql_with={"fillfactor": "45"},
)
"""The fields of `domain.payout.state.Payout` (`row` is `row_number`, `recipient` JSON text). A batch's rows are one range of ids.

Pages are filled to less than half: a transaction changes all rows of a page, and the next versions, somewhat longer, fit on it too."""

payout_changes = Table(
    "payout_changes",
    metadata,
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("idx", Integer, nullable=False),
    Column("payout_id", Id, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("batch_id", Id),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("attempt_count", Integer, nullable=False),
    Column("inquiry_count", Integer),
    Column("due_at", BigInteger),
    Column("failure_code", Text),
    Column("failure_reason", Text),
    Column("bank_reference_id", Text),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    PrimaryKeyConstraint("partition", "offset", "idx"),
    Index("payout_changes_payout", "payout_id"),
)
"""One row per change of a payout, its creation too: the history and the feed (LIF-18). `idx` runs over the event record.

`inquiry_count` and `bank_reference_id` are NULL where the change says nothing of them: then they stand as before.
"""

batches = Table(
    "batches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("merchant_id", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("phase", Text, nullable=False),
    Column("name", Text),
    Column("reference", Text),
    Column("funding", Text, nullable=False),
    Column("on_row_failure", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("submit", Boolean, nullable=False),
    Column("idempotency_key", Text),
    Column("declaration", Text),
    Column("row_count", Integer, nullable=False),
    Column("sums_minor", Text, nullable=False),
    Column("refusal_code", Text),
    Column("refusal_detail", Text),
    Column("released_at", BigInteger),
    Column("last_offset", BigInteger, nullable=False),
    Column("stopped_at", BigInteger),
    Column("waiting_rows", Integer, nullable=False, server_default=text("0")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("refused_rows", Text),
    Index("batches_merchant", "merchant_id", "id"),
    postgresql_with=HOT,
)
"""`sums_minor` is JSON text, currency to the sum of the rows as they were added; `declaration` is JSON text. `waiting_rows` of the pending
rows wait for funds. `version` counts the moves of the batch itself: those of `batch_moves` but where rows were funded. `refused_rows` is
JSON text: how many rows of its chunks stayed out, and their sums."""

batch_totals = _tally("batch_totals", {"batch_id": Id, "currency": Text, "status": Text}, BigInteger())
"""Rows and their sum per state of a batch (BAT-12). A state that rows have left stays, with zeros."""

payout_figures = _tally(
    "payout_figures",
    {"merchant_id": Text, "starts_at": BigInteger, "word": Text, "provider": Text, "currency": Text, "code": Text},
    Numeric(),
    Index("payout_figures_time", "starts_at"),
)
"""What became of payouts, per quarter of an hour (`domain.figures`). Failed payouts stand here twice: by currency with their money, and by
code without. `count` and `amount_minor` only grow; sums have no bound."""

paid_times = Table(
    "paid_times",
    metadata,
    Column("merchant_id", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("provider", Text, nullable=False),
    Column("within_seconds", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "starts_at", "provider", "within_seconds"),
    Index("paid_times_time", "starts_at"),
    postgresql_with=HOT,
)
"""How many payouts were paid within so many seconds of being asked for, by the quarter of an hour in which they were paid."""

row_states = _tally("row_states", {"merchant_id": Text, "currency": Text, "status": Text}, Numeric())
"""All rows of batches there ever were, by the state they are in (the sum of `batch_totals`), and single payouts that have ended.

Single payouts under way are counted where they stand (`payouts_alone`). A single one that was canceled before it had a hold has no currency
here, and no amount."""

batch_moves = Table(
    "batch_moves",
    metadata,
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("idx", Integer, nullable=False),
    Column("batch_id", Id, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("first_row", Integer),
    Column("row_count", Integer),
    Column("code", Text),
    Column("detail", Text),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    PrimaryKeyConstraint("partition", "offset", "idx"),
    Index("batch_moves_batch", "batch_id"),
)
"""What became of a batch as a whole, one row per fact (LIF-18): `phase` after it; rows that were added name the first and how many."""

idempotency_answers = Table(
    "idempotency_answers",
    metadata,
    Column("merchant_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("subject", Text),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("version", Integer),
    Column("expires_at", BigInteger, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "key"),
)
"""What a key remembers (IDM-03): `body` is the answer's exact bytes; no status means the first request is not decided yet."""

credits = Table(  # noqa: A001  the table's name
    "credits",
    metadata,
    Column("merchant_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("credit_id", Id, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("description", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("offset", BigInteger),
    PrimaryKeyConstraint("merchant_id", "reference"),
    Index("credits_place", "merchant_id", "offset"),
)
"""Money that came in; `offset` is where its record stands, and its entries with it (none: it is older than the column)."""

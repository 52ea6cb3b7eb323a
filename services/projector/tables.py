"""The views' tables: what the projector writes and everyone else reads.

Owns names, types, keys and indexes; `migrations/` builds the same (a test compares them). Nothing here names a schema: the
connection's search_path does, so that a rebuild can stand beside the live views. Amounts are minor units, times ms UTC. Must not know
an event.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

metadata = MetaData()

Id = Uuid(as_uuid=False)
UNFINISHED = text(
    "completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL AND reason IS DISTINCT FROM 'insufficient_funds'"
)
"""What is pending, processing or requires action, without naming the state: a column that an index names, also in its condition, makes
each change of it a new entry in every index of the table (no HOT update)."""
HAS_REFERENCE = text("reference IS NOT NULL")
"""Not unique: a reference is free again when its payout was rejected or its batch refused. The processor keeps it unique."""

HOT = {"fillfactor": "50"}
"""Small tables whose rows change all the time: room for the next version on the same page."""

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
    Index("batches_merchant", "merchant_id", "id"),
    postgresql_with=HOT,
)
"""`sums_minor` is JSON text, currency to the sum of the rows as they were added; `declaration` is JSON text."""

batch_totals = Table(
    "batch_totals",
    metadata,
    Column("batch_id", Id, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("batch_id", "currency", "status"),
    postgresql_with=HOT,
)
"""Rows and their sum per state of a batch (BAT-12). A state that rows have left stays, with zeros."""

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
    PrimaryKeyConstraint("merchant_id", "reference"),
)

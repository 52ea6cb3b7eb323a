"""The archive's tables: finished payouts of past months and their history, off the hot tables (ADR 0014).

Owns names, keys and indexes; revision 0002 builds the same. `archived_payouts` and `archived_changes` have a partition for each month
that was archived. They are no views of their own: what is in them is missing in the hot table of the same columns, and WHOLE names the SQL
view that shows both as one. So they are neither compared nor backed up by themselves.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text

from services.projector.tables import HAS_REFERENCE, Id, payout_changes, payouts

WHOLE = {"payouts": "all_payouts", "payout_changes": "all_payout_changes"}
"""Hot table to the SQL view of hot and archived rows."""

archive_metadata = MetaData()


def _like(table: Table) -> list[Column[object]]:
    return [Column(column.name, column.type, nullable=column.nullable) for column in table.columns]


archived_payouts = Table(
    "archived_payouts",
    archive_metadata,
    *_like(payouts),
    PrimaryKeyConstraint("id"),
    Index("archived_payouts_merchant", "merchant_id", "id"),
    Index("archived_payouts_reference", "merchant_id", "reference", postgresql_where=HAS_REFERENCE),
    postgresql_partition_by="RANGE (id)",
)

archived_changes = Table(
    "archived_changes",
    archive_metadata,
    *_like(payout_changes),
    PrimaryKeyConstraint("partition", "offset", "idx", "payout_id"),
    Index("archived_changes_payout", "payout_id"),
    postgresql_partition_by="RANGE (payout_id)",
)

archived_references = Table(
    "archived_references",
    archive_metadata,
    Column("merchant_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("payout_id", Id, nullable=False),
    PrimaryKeyConstraint("merchant_id", "reference", "payout_id"),
)
"""References that archived payouts hold for ever. In one piece: a new payout's is looked up here, however many months there are."""

archive_marks = Table(
    "archive_marks",
    archive_metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("last_id", Id, nullable=False),
    Column("last_offset", BigInteger, nullable=False),
)
"""Per partition of the log: no id above `last_id` and no change above `last_offset` was ever archived. They only grow.

A reader asks the hot table first and the marks after it; where it looked beyond them, it has seen all there is.
"""

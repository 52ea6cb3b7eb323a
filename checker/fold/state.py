"""What the fold holds: one payout, one batch, one account, one remembered key.

Owns the fields. Times are ms UTC, amounts minor units.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Payout:
    """A payout as the log has it so far. `hold` is the money set aside for it now."""

    id: str
    merchant: str
    partition: int
    amount: int
    currency: str
    at: int
    batch: str | None = None
    row: int | None = None
    reference: str | None = None
    key: str | None = None
    fee: int = 0
    recipient: dict[str, str] | None = None
    bank_account: str | None = None
    description: str | None = None
    version: int = 1
    status: str = "pending"
    reason: str | None = None
    updated_at: int = 0
    due_at: int | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    provider: str | None = None
    attempt: int = 0
    inquiry: int = 0
    bank_reference: str | None = None
    processing_started_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    canceled_at: int | None = None
    hold: int = 0

    @property
    def total(self) -> int:
        """Amount plus fee."""
        return self.amount + self.fee


@dataclass(slots=True)
class Batch:
    """A batch as the log has it. `totals` are counted from its rows, (currency, status) to [rows, minor units]."""

    id: str
    merchant: str
    partition: int
    at: int
    opened: dict[str, Any]
    phase: str = "open"
    row_count: int = 0
    updated_at: int = 0
    last_offset: int = 0
    released_at: int | None = None
    stopped_at: int | None = None
    waiting_rows: int = 0
    version: int = 1
    refusal_code: str | None = None
    refusal_detail: str | None = None
    refused_rows: dict[str, Any] | None = None
    sums: dict[str, int] = field(default_factory=dict)
    totals: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def move(self, payout: Payout, origin: str | None, target: str) -> None:
        """One row goes from one state (None: from nowhere) to another."""
        if origin == target:
            return
        if origin is not None:
            self._add(payout.currency, origin, -1, -payout.amount)
        self._add(payout.currency, target, 1, payout.amount)

    def _add(self, currency: str, status: str, count: int, amount: int) -> None:
        cell = self.totals.setdefault((currency, status), [0, 0])
        cell[0] += count
        cell[1] += amount

    def resize(self, payout: Payout, currency: str, amount: int) -> None:
        """A row gets another amount, perhaps in another currency, without a move."""
        if currency == payout.currency:
            self._add(currency, payout.status, 0, amount - payout.amount)
            return
        self._add(payout.currency, payout.status, -1, -payout.amount)
        self._add(currency, payout.status, 1, amount)


@dataclass(slots=True)
class Account:
    """One account: the sum of its entries, how many, and the offset of the last."""

    balance: int = 0
    entries: int = 0
    last_offset: int = 0


@dataclass(slots=True)
class Key:
    """What a key remembers. `body` is None while the first request is not decided."""

    content_hash: str
    expires_at: int
    subject: str | None
    status: int | None
    body: str | None
    version: int | None
    partition: int
    offset: int


@dataclass(slots=True)
class Change:
    """One line of a payout's history, as `payout_changes` and the feed tell it."""

    idx: int
    payout: str
    batch: str | None
    version: int
    status: str
    reason: str | None = None
    attempt: int = 0
    inquiry: int | None = None
    due_at: int | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference: str | None = None

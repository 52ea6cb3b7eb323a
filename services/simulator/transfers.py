"""The lines of the provider's books, and their ways to and from a row.

Owns what a transfer is and how it stands at a time, and what a word about it is. Must not know where they are kept.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple

from services.simulator.scenario import Fate

COLUMNS = "reference, amount, currency, payee, content, status, code, retryable, provider_reference, received_at, pays_at"


@dataclass(frozen=True)
class Transfer:
    """One line of the books. `pays_at` (ms UTC) is when an in_progress transfer ends: paid, or failed if it names a code."""

    reference: str
    amount: str
    currency: str
    payee: str
    content: str
    status: str
    code: str | None
    retryable: bool
    provider_reference: str
    received_at: int
    pays_at: int | None = None

    def view(self, now: int) -> dict[str, object]:
        """What the provider says of it at `now`."""
        status = self.standing(now)
        return {
            "reference": self.reference,
            "status": status,
            "code": self.code if status == "failed" else None,
            "retryable": self.retryable,
            "provider_reference": self.provider_reference,
            "amount": self.amount,
            "currency": self.currency,
        }

    def standing(self, now: int) -> str:
        """paid, failed or in_progress at `now` (ms UTC)."""
        if self.pays_at is None or self.pays_at > now:
            return self.status
        return "failed" if self.code else "paid"


class Said(NamedTuple):
    """An answer as it is given: at (ms UTC), by which call (send or inquire), and which standing it names."""

    reference: str
    at: int
    call: str
    status: str
    code: str | None


def new_transfer(body: dict[str, str], fate: Fate, content: str, payee: str) -> Transfer:
    """A line for a request that has this fate."""
    now = time.time_ns() // 1_000_000
    return Transfer(
        reference=body["reference"],
        amount=body["amount"],
        currency=body["currency"],
        payee=payee,
        content=content,
        status=fate.status,
        code=fate.code,
        retryable=fate.retryable,
        provider_reference=f"SIM-{body['reference'][:13].upper()}",
        received_at=now,
        pays_at=None if fate.pays_after is None else now + int(fate.pays_after * 1000),
    )


def row_of(transfer: Transfer) -> tuple[object, ...]:
    """Its columns, in order."""
    return (
        transfer.reference,
        transfer.amount,
        transfer.currency,
        transfer.payee,
        transfer.content,
        transfer.status,
        transfer.code,
        int(transfer.retryable),
        transfer.provider_reference,
        transfer.received_at,
        transfer.pays_at,
    )


def transfer_of(row: tuple[object, ...]) -> Transfer:
    """The transfer of such a row."""
    values = list(row)
    values[7] = bool(values[7])
    return Transfer(*values)  # type: ignore[arg-type]

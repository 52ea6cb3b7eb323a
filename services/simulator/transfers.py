"""The lines of the provider's books, and their ways to and from a row.

Owns what a transfer is and how it stands at a time, and what a word about it is. Must not know where they are kept.
"""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from services.simulator.scenario import Fate


class Transfer(NamedTuple):
    """One line of the books, in the order of its columns.

    `pays_at` (ms UTC) is when an in_progress transfer ends: paid, or failed if it names a code.
    """

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


COLUMNS = ", ".join(Transfer._fields)


class Said(NamedTuple):
    """An answer as it is given: at (ms UTC), by which call (send or inquire), and which standing it names."""

    reference: str
    at: int
    call: str
    status: str
    code: str | None


def new_transfer(body: dict[str, str], fate: Fate, content: str, payee: str) -> Transfer:
    """A line for a request that has this fate."""
    now, reference = time.time_ns() // 1_000_000, body["reference"]
    return Transfer(
        reference,
        body["amount"],
        body["currency"],
        payee,
        content,
        fate.status,
        fate.code,
        fate.retryable,
        f"SIM-{reference[:13].upper()}",
        now,
        None if fate.pays_after is None else now + int(fate.pays_after * 1000),
    )


def transfer_of(row: Sequence[Any]) -> Transfer:
    """The transfer of a row of its columns."""
    transfer = Transfer._make(row)
    return transfer._replace(retryable=bool(transfer.retryable))

"""A small typed client of Payflow for upstream systems: REST, the live feed, and the Kafka inbox (docs/client.md).

Owns what a caller would otherwise have to get right by hand: one idempotency key over all tries of one request, reads that see what was
written, cursors, and the key, partition and headers of an inbox record. It imports nothing of the product: it knows what the published
documents say (OpenAPI at /api/schema/, AsyncAPI at /api/asyncapi/).
"""

from payflow.client.errors import FeedRefusedError, PayflowError, RefusedError, UnreachableError
from payflow.client.feed import Feed
from payflow.client.forms import (
    Balance,
    BankAccount,
    Batch,
    Change,
    Credit,
    CurrencyBalance,
    FieldFault,
    LedgerEntry,
    Merchant,
    Payout,
    Reply,
    RowsAdded,
    Verification,
)
from payflow.client.inbox import Inbox, Sent
from payflow.client.replies import Replies
from payflow.client.rest import Payflow

__all__ = [
    "Balance",
    "BankAccount",
    "Batch",
    "Change",
    "Credit",
    "CurrencyBalance",
    "Feed",
    "FeedRefusedError",
    "FieldFault",
    "Inbox",
    "LedgerEntry",
    "Merchant",
    "Payflow",
    "PayflowError",
    "Payout",
    "RefusedError",
    "Replies",
    "Reply",
    "RowsAdded",
    "Sent",
    "UnreachableError",
    "Verification",
]

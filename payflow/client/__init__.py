"""A small typed client of Payflow for upstream systems: REST, the live feed, and the Kafka inbox (docs/client.md).

Owns what a caller would otherwise have to get right by hand: one idempotency key over all tries of one request, reads that see what was
written, cursors, and the key, partition and headers of an inbox record. It imports nothing of the product: it knows what the published
documents say (OpenAPI at /api/schema/, AsyncAPI at /api/asyncapi/).
"""

from payflow.client.errors import FeedRefusedError, PayflowError, RefusedError, UnreachableError
from payflow.client.feed import Feed
from payflow.client.feed_messages import (
    BalanceState,
    BatchState,
    Bookmark,
    Bye,
    Changes,
    Gap,
    Heartbeat,
    Hello,
    Message,
    OpsState,
    Other,
    PayoutChange,
    ProvidersState,
    Reset,
    Snapshot,
    Subscribed,
)
from payflow.client.forms import (
    Balance,
    BankAccount,
    Batch,
    BatchStopped,
    Change,
    Credit,
    CurrencyBalance,
    FieldFault,
    LedgerEntry,
    Merchant,
    NextStep,
    Payout,
    RefusedRows,
    Reply,
    RowsAdded,
    Timeline,
    TimelineEntry,
    Verification,
)
from payflow.client.inbox import Inbox, Sent
from payflow.client.replies import Replies
from payflow.client.rest import Payflow

__all__ = [
    "Balance",
    "BalanceState",
    "BankAccount",
    "Batch",
    "BatchState",
    "BatchStopped",
    "Bookmark",
    "Bye",
    "Change",
    "Changes",
    "Credit",
    "CurrencyBalance",
    "Feed",
    "FeedRefusedError",
    "FieldFault",
    "Gap",
    "Heartbeat",
    "Hello",
    "Inbox",
    "LedgerEntry",
    "Merchant",
    "Message",
    "NextStep",
    "OpsState",
    "Other",
    "Payflow",
    "PayflowError",
    "Payout",
    "PayoutChange",
    "ProvidersState",
    "RefusedError",
    "RefusedRows",
    "Replies",
    "Reply",
    "Reset",
    "RowsAdded",
    "Sent",
    "Snapshot",
    "Subscribed",
    "Timeline",
    "TimelineEntry",
    "UnreachableError",
    "Verification",
]

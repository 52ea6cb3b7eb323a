"""Every topic as a typed value: name, key, who writes, who reads, how long it is kept; and the key's partition.

Owns the names: no topic name is written anywhere else. The partition count is fixed when a topic is made, because key to
partition must never move (DESIGN section 7, trap 14).
"""

from msgspec import Struct

KEEP_FOR_EVER = -1
WEEK_MS = 7 * 24 * 3600 * 1000


class Topic(Struct, frozen=True, kw_only=True):
    """One topic card. `retention_ms` of KEEP_FOR_EVER means never deleted; nothing here is ever compacted."""

    name: str
    description: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    retention_ms: int = KEEP_FOR_EVER
    max_message_bytes: int = 2 * 1024 * 1024


COMMANDS = Topic(
    name="payouts.commands",
    description="Everything that may change a merchant's money, in order. Offsets are dense: no transactional producer.",
    key="merchant id",
    writers=("ingest", "rails", "processor timers", "operators (redrive)"),
    readers=("processor",),
)
EVENTS = Topic(
    name="payouts.events",
    description="One record per command record, in the partition of the same number, written by one fenced producer.",
    key="merchant id",
    writers=("processor",),
    readers=("ingest", "rails", "projector", "processor"),
)
REPLIES = Topic(
    name="payouts.replies",
    description="Exactly one reply per inbox record.",
    key="merchant id",
    writers=("ingest",),
    readers=("upstream systems",),
    retention_ms=WEEK_MS,
)
DEAD_LETTERS = Topic(
    name="payouts.dead-letters",
    description="Records that could not be read: the original bytes, with place and reason; and what was done about each.",
    key="as in the original record",
    writers=("ingest", "processor", "operators (resolutions)"),
    readers=("operators", "projector (counts)"),
)

CATALOGUE: tuple[Topic, ...] = (COMMANDS, EVENTS, REPLIES, DEAD_LETTERS)

INBOX_PREFIX = "payouts.inbox."


def inbox(upstream: str) -> Topic:
    """The inbox topic of one upstream system (INB-01)."""
    return Topic(
        name=f"{INBOX_PREFIX}{upstream}",
        description=f"What the upstream system {upstream} asks for; broker rights say who speaks.",
        key="merchant id",
        writers=(upstream,),
        readers=("ingest",),
        retention_ms=WEEK_MS,
    )


def partition_of(merchant_id: str, partitions: int) -> int:
    """The partition of a merchant: murmur2 of the key, as the Java client's default partitioner does."""
    return (_murmur2(merchant_id.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    length = len(data)
    h = 0x9747B28C ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if length & 3:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15

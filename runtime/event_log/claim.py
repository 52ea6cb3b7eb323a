"""The claim to be the one writer of an events partition: a transactional id, and the epoch that the broker counts up for it.

    producer_id, epoch = await claim.stake()   older epochs are refused from here on, and all that they wrote is on the log
    await claim.renew()                        still ours, says the coordinator; nothing of it is seen
    claim.drop()                               never blocks

Opening the transactional producer (InitProducerId) raises the epoch at the coordinator only. One record in an aborted transaction tells
the partition of it: from its acknowledgement on, the partition refuses every older epoch, inside of a transaction or not. After any error
the producer is never used again. Must not know what is written.
"""

import asyncio
import contextlib
from collections.abc import Iterator

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, InvalidProducerIdMapping, InvalidTxnState, ProducerFenced

from runtime.clock import SystemClock
from runtime.event_log import connection, letting_go
from runtime.event_log.writers_of import writers_of
from runtime.logging import logger
from schemas.topics import EVENTS

TRANSACTION_MS = 10_000
OPEN_SECONDS = 15.0
WRITE_SECONDS = 8.0
"""Below the transaction time-out, so that we give up before the broker does."""
LEASE_SECONDS = 10.0
"""How long after the coordinator's last word a writer may go on without asking it again."""
OUTLIVED_SECONDS = LEASE_SECONDS + WRITE_SECONDS + letting_go.DROP_SECONDS
"""After that long a writer that lost its claim unheard has asked the coordinator, and was refused; what it sent last has come, or never."""
LATELY_MS = 300_000
"""Who has not been on the partition for so long has no claim that is young enough to write on; hosts' clocks may differ by most of it."""
_STAKE = b"a new writer"

log = logger(__name__)


class FencedError(Exception):
    """Somebody else became the writer, or the broker timed our transaction out; the two look alike."""


def transactional_id(partition: int) -> str:
    """The name by which the broker fences. Never rename it: two names do not fence each other (DESIGN section 7, trap 16)."""
    return f"processor-{partition}"


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What the broker says to a writer whose epoch is over, as FencedError."""
    try:
        yield
    except (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, InvalidTxnState) as error:
        raise FencedError(type(error).__name__) from error


class Claim:
    """One claim to one partition; staked once, renewed as long as it holds."""

    def __init__(self, bootstrap: str, partition: int) -> None:
        """Not staked yet; call with a running event loop."""
        self._place = TopicPartition(EVENTS.name, partition)
        self._producer: AIOKafkaProducer = connection.producer(
            bootstrap, transactional_id=transactional_id(partition), transaction_timeout_ms=TRANSACTION_MS
        )
        self._told_at = 0.0

    @property
    def age(self) -> float:
        """Seconds since we began to ask what the coordinator affirmed last."""
        return asyncio.get_running_loop().time() - self._told_at

    async def stake(self) -> tuple[int, int]:
        """Become the only one; returns the producer's id and epoch, of which the sequence number 0 is used up. Raises on any trouble.

        Epochs of two ids do not fence each other. Where another id was on the partition lately (the coordinator had counted it to its end,
        about once in 32,000 claims, or forgotten it; the log was just restored), who may still hold that one is outlived first. The id's
        own epoch does not tell: a request that is repeated or a claim that failed has counted it up already.
        """
        with refusals():
            async with asyncio.timeout(OPEN_SECONDS):
                await self._producer.start()
                await self._tell_the_partition()
                foreign = await self._others_wrote_lately()
            if foreign:
                await self._outlive()
        async with asyncio.timeout(OPEN_SECONDS):
            await self.renew()  # can only begin once the transaction before it has ended on the partition, too
        manager = self._producer._txn_manager  # noqa: SLF001  aiokafka does not say them
        return int(manager.producer_id), int(manager.producer_epoch)

    async def _others_wrote_lately(self) -> bool:
        mine = self._producer._txn_manager.producer_id  # noqa: SLF001
        since = SystemClock().now_ms() - LATELY_MS
        return any(one.producer_id != mine and one.last_at > since for one in await writers_of(self._producer, self._place))

    async def _outlive(self) -> None:
        log.warning("claim.outliving", partition=self._place.partition, seconds=OUTLIVED_SECONDS)
        await asyncio.sleep(OUTLIVED_SECONDS)

    async def _tell_the_partition(self) -> None:
        await self._producer.begin_transaction()
        await self._producer.send_and_wait(self._place.topic, _STAKE, partition=self._place.partition)
        await self._producer.abort_transaction()

    async def renew(self) -> None:
        """Have the coordinator affirm the epoch, by a transaction without a record. Raises FencedError, or another error: drop it."""
        began = asyncio.get_running_loop().time()
        with refusals():
            manager = self._producer._txn_manager  # noqa: SLF001  no public call makes a transaction without records
            ended = manager.wait_for_transaction_end()  # of the one before: it tells why, sending only that it cannot
            if ended is not None and ended.done():
                ended.result()
            await self._producer.begin_transaction()
            manager.maybe_add_partition_to_txn(self._place)
            await self._producer.abort_transaction()
        self._told_at = began

    def drop(self) -> None:
        """Forget it without waiting."""
        letting_go.drop(self._producer)

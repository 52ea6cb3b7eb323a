"""A dumped partition written again into an empty one, every record at the offset that it had (RUN-26).

Owns the holes. Where the old log had none, none comes to be: `payouts.commands` is written without transaction and stays dense. Where it
had one (a transaction's marker, aborted records, records past their retention), an aborted transaction fills it: nobody who reads
committed records sees it, and positions, ledger rows, dead-letter coordinates and committed offsets stay true. Must not know a record.
"""

import asyncio
from collections.abc import Iterable, Iterator

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.producer.message_accumulator import BatchBuilder

from payflow.log_dump import BackupError, Record
from runtime.event_log import connection

BATCH_BYTES = 512 * 1024
FILLERS = 5_000
"""Records of one aborted transaction."""
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.005
FILLER = b"restored: nothing was here"


class Refill:
    """Writes one partition that nobody else writes to."""

    def __init__(self, bootstrap: str, place: TopicPartition) -> None:
        """Nothing is connected yet."""
        self._bootstrap, self._place = bootstrap, place
        self._records: AIOKafkaProducer = connection.producer(bootstrap)
        self._holes: AIOKafkaProducer = connection.producer(
            bootstrap, transactional_id=f"restore-{place.topic}-{place.partition}"
        )
        self._ends: AIOKafkaConsumer = connection.reader(bootstrap, isolation_level="read_uncommitted")
        self._at = 0

    async def __aenter__(self) -> "Refill":
        """Connect; refuses a partition that is or was written to."""
        await asyncio.gather(self._records.start(), self._holes.start(), self._ends.start())
        if await self._end():
            await self.__aexit__()
            raise BackupError(f"{self._place.topic} partition {self._place.partition} is not empty: restore into new topics")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await asyncio.gather(self._records.stop(), self._holes.stop(), self._ends.stop(), return_exceptions=True)

    async def write(self, records: Iterable[Record], low: int, end: int, *, dense: bool) -> None:
        """Everything up to `end`; what is before `low` is cut off again. Raises BackupError or KafkaError."""
        for run in _runs(records):
            if dense and run[0].offset != self._at:
                raise BackupError(f"{self._place.topic} must have no hole, and has one at {self._at}")
            await self._fill(run[0].offset)
            await self._write(run)
        if not dense:
            await self._fill(end)
        if low:
            await self._cut(low)

    async def _write(self, run: list[Record]) -> None:
        offset = run[0].offset
        for batch in self._batches(run):
            sending = await self._records.send_batch(batch, self._place.topic, partition=self._place.partition)
            metadata = await sending
            if metadata.offset != offset:
                raise BackupError(f"{self._place.topic}: {offset} became {metadata.offset}: somebody else writes there")
            offset += batch.record_count()
        self._at = offset

    def _batches(self, run: list[Record]) -> "list[BatchBuilder]":
        """The records in as few Kafka batches as possible. `send` would refuse those that have neither key nor value."""
        batches = [self._records.create_batch()]
        for record in run:
            if not _added(batches[-1], record):
                batches.append(self._records.create_batch())
                _added(batches[-1], record)  # the first one always fits
        return batches

    async def _fill(self, to: int) -> None:
        """Holes up to an offset: aborted records and the marker behind them, or a marker alone."""
        while self._at < to:
            fillers = min(to - self._at - 1, FILLERS)
            await self._holes.begin_transaction()
            if fillers:
                topic, partition = self._place.topic, self._place.partition
                sent = [await self._holes.send(topic, FILLER, partition=partition) for _ in range(fillers)]
                await asyncio.gather(*sent)
            else:
                await self._holes.client._wait_on_metadata(self._place.topic)  # noqa: SLF001  a marker without records: no
                self._holes._txn_manager.maybe_add_partition_to_txn(self._place)  # noqa: SLF001  public call makes one
            await self._holes.abort_transaction()
            self._at += fillers + 1
            await self._await_marker()

    async def _await_marker(self) -> None:
        """The broker answers before the marker is written; the next record must stand behind it."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (end := await self._end()) < self._at:  # noqa: ASYNC110  the broker tells nobody
                await asyncio.sleep(LOOK_SECONDS)
        if end > self._at:
            raise BackupError(f"{self._place.topic} ends at {end}, not at {self._at}: somebody else writes there")

    async def _end(self) -> int:
        return int((await self._ends.end_offsets([self._place]))[self._place])

    async def _cut(self, low: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            await admin.delete_records({self._place: RecordsToDelete(before_offset=low)})
        finally:
            await admin.close()


def _added(batch: BatchBuilder, record: Record) -> bool:
    """False when the batch is full."""
    added = batch.append(timestamp=record.timestamp, key=record.key, value=record.value, headers=record.headers)
    return added is not None


def _runs(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records that follow each other without hole, in portions."""
    run: list[Record] = []
    size = 0
    for record in records:
        if run and (record.offset != run[-1].offset + 1 or size > BATCH_BYTES):
            yield run
            run, size = [], 0
        run.append(record)
        size += len(record.value or b"") + len(record.key or b"") + 100
    if run:
        yield run

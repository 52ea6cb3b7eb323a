"""Backup and restore of views and log (RUN-26)."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from payflow import ledger_verify
from payflow import restore as restoring
from payflow.backup import backup
from payflow.log_dump import BackupError, Record
from payflow.log_refill import Refill
from payflow.rebuild import lines, rebuild
from payflow.restore import restore
from runtime.ids import mint
from schemas.topics import COMMANDS, DEAD_LETTERS, EVENTS, REPLIES, inbox
from services.projector import compare
from tests.integration.operations.conftest import Services
from tests.integration.own_log import OwnLog, own_log
from tests.support import ingest_stack
from tests.support.ingest_stack import PARTITIONS, Message, wait_for

pytestmark = pytest.mark.integration
SERVICES = ("ingest", "identity", "processor", "projector")


def pay_some(services: Services, count: int) -> dict[str, bytes]:
    keys = [mint() for _ in range(count)]
    return {key: services.pay("demo", key).content for key in keys}


def caught_up(services: Services) -> None:
    """Until the views stand at the end of the log; the tables are then what a rebuild gives."""

    def all_projected() -> bool:
        with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
            row = link.execute("SELECT sum(next_source) FROM projection_offsets").fetchone()
        return row is not None and row[0] == services.command_count()

    wait_for("the views have all commands", all_projected, 40)
    verdict = rebuild(services.settings)
    assert verdict.same, "\n".join(lines(verdict))
    verified = ledger_verify.verify(services.settings)
    assert (verified.differences, verified.accounts > 0) == ([], True)


def test_a_database_restored_to_an_earlier_point_catches_up_from_the_log(services: Services, tmp_path: Path) -> None:
    before = pay_some(services, 8)
    backup(services.settings, tmp_path / "backup", [services.log.upstream], services.own)
    after = pay_some(services, 8)
    caught_up(services)
    with pytest.raises(BackupError, match="still runs"):
        restore(services.settings, tmp_path / "backup", ["database"], services.own)
    services.end(*SERVICES)
    done = restore(services.settings, tmp_path / "backup", ["database"], services.own)
    assert f"kept as {services.schema}_old_1" in done[0]
    services.start(*reversed(SERVICES))
    services.await_ready()
    caught_up(services)
    for key, first in {**before, **after}.items():
        assert services.pay("demo", key).content == first, "stored answers are back, also those made after the backup"


@pytest.mark.parametrize("dies", [False, True], ids=["whole", "died before its last step"])
def test_a_log_is_restored_at_the_same_offsets_and_the_services_go_on(
    tmp_path: Path, kafka_bootstrap: str, services: Services, database: str, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    first, names = services.log, (COMMANDS.name, EVENTS.name, REPLIES.name, DEAD_LETTERS.name)
    paid = pay_some(services, 6)
    services.produce(services.inbox, [_inbox("i-1"), (b"demo", b"{rubbish", {}), _inbox("i-2")])
    wait_for("three replies", lambda: len(services.records(REPLIES.name)) == 3, 30)
    services.end(*SERVICES)
    _cut(services, REPLIES.name, first, 1)
    backup(services.settings, tmp_path / "backup", [first.upstream], services.own)
    originals = [services.records(name) for name in (*names, services.inbox)]
    ends = [_ends(services, name) for name in (*names, services.inbox)]
    with own_log(kafka_bootstrap, PARTITIONS) as second:
        _rename_inbox(tmp_path / "backup", first.upstream, second.upstream)
        other = Services(tmp_path / "other", second, database)
        names = (COMMANDS.name, EVENTS.name, REPLIES.name, DEAD_LETTERS.name)
        if dies:
            with monkeypatch.context() as patch:
                patch.setattr(restoring, "_commit", _die)
                with pytest.raises(InterruptedError):
                    restore(other.settings, tmp_path / "backup", own=other.own)
        else:
            restore(other.settings, tmp_path / "backup", own=other.own)
        restored = [other.records(name) for name in (*names, inbox(second.upstream).name)]
        assert [_essence(records) for records in restored] == [_essence(records) for records in originals]
        assert all(records for records in restored), "each topic had something"
        assert [_ends(other, name) for name in (*names, inbox(second.upstream).name)] == ends
        with pytest.raises(BackupError, match=r"not empty.* go on with --only database"):
            restore(other.settings, tmp_path / "backup", own=other.own)
        done = restore(other.settings, tmp_path / "backup", ["database"], other.own)
        assert any(line.startswith("inbox: ") for line in done) == dies, "who has a place keeps it"
        _go_on(other, paid)


async def _die(*_: object) -> None:
    raise InterruptedError


def _go_on(other: Services, paid: dict[str, bytes]) -> None:
    decided = other.command_count()
    try:
        other.start(*reversed(SERVICES))
        other.await_ready()
        for key, first in paid.items():
            assert other.pay("demo", key).content == first
        assert other.pay("demo", mint()).status_code == 201
        assert other.command_count() == decided + 1, "nothing of the inbox was asked for again"
        caught_up(other)
    finally:
        other.stack.stop()


def test_what_is_not_whole_or_belongs_to_another_log_is_refused(
    tmp_path: Path, kafka_bootstrap: str, services: Services, database: str
) -> None:
    pay_some(services, 2)
    services.end(*SERVICES)
    upstream = services.log.upstream
    backup(services.settings, tmp_path / "backup", [upstream], services.own)
    with pytest.raises(BackupError, match="there already"):
        backup(services.settings, tmp_path / "backup", [upstream], services.own)
    with own_log(kafka_bootstrap, PARTITIONS) as second:
        other = Services(tmp_path / "other", second, database)
        _rename_inbox(tmp_path / "backup", upstream, second.upstream)
        with pytest.raises(BackupError, match="belong to another log"):
            restore(other.settings, tmp_path / "backup", ["database"], other.own)
        damaged = next(path for path in (tmp_path / "backup" / "log").glob("events.*") if gzip.decompress(path.read_bytes()))
        whole = gzip.decompress(damaged.read_bytes())
        damaged.write_bytes(gzip.compress(whole.replace(b'"o":1,', b'"o":7,', 1)[: -len(whole.splitlines()[-1]) - 1]))
        with pytest.raises(BackupError, match="not whole"):
            restore(other.settings, tmp_path / "backup", own=other.own)
        assert not any(_ends(other, EVENTS.name).values()), "nothing was written"


def test_a_table_that_was_tampered_with_is_refused_and_the_live_views_stay(services: Services, tmp_path: Path) -> None:
    pay_some(services, 2)
    services.end(*SERVICES)
    backup(services.settings, tmp_path / "backup", [services.log.upstream], services.own)
    path = tmp_path / "backup" / "views" / "balances.copy.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"100", b"900")))
    with pytest.raises(BackupError, match="is not what was written"):
        restore(services.settings, tmp_path / "backup", ["database"], services.own)
    assert {table.name for table in compare.metadata.sorted_tables}
    assert schemas_of(services) == sorted([services.schema, *(schema.name for schema in services.own)])


def test_a_record_with_neither_key_nor_value_is_restored_where_it_was(log: OwnLog) -> None:
    at = 1_767_225_600_000
    written = [
        Record(0, at, b"k", b"v" * 600_000, [("h", b"1")]),
        Record(1, at + 1, None, None, [("t", b"x")]),
        Record(2, at + 2, b"k", b"v" * 600_000, []),
        Record(5, at + 3, None, None, []),
    ]

    async def refill() -> list[Any]:
        async with Refill(log.bootstrap, TopicPartition(EVENTS.name, 0)) as refill:
            await refill.write(written, 0, 7, dense=False)
        return await ingest_stack._records(log.bootstrap, EVENTS.name, [0])

    found = ingest_stack.run(refill())
    assert [Record(one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in found] == written


def schemas_of(services: Services) -> list[str]:
    """The schemas of this test's log."""
    with psycopg.connect(services.stack.database_url) as link:
        query = "SELECT nspname FROM pg_namespace WHERE position(%s in nspname) > 0"
        return sorted(str(row[0]) for row in link.execute(query, [f"_{services.log.suffix}"]).fetchall())


def _inbox(key: str) -> Message:
    data = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    value = {"type": "request_payout", "idempotency_key": key, "data": data}
    return (b"demo", json.dumps(value).encode(), {"trace": "abc"})


def _essence(records: list[Any]) -> list[tuple[Any, ...]]:
    return [(one.partition, one.offset, one.timestamp, one.key, one.value, one.headers) for one in records]


def _ends(services: Services, topic: str) -> dict[int, int]:
    return dict(ingest_stack.run(ingest_stack._ends(services.bootstrap, topic)))


def _cut(services: Services, topic: str, log: OwnLog, before: int) -> None:
    """Records past their retention: the restored topic begins where the old one began."""

    async def cut() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=log.bootstrap)
        await admin.start()
        [place] = {TopicPartition(topic, record.partition) for record in services.records(topic)}
        await admin.delete_records({place: RecordsToDelete(before_offset=before)})
        await admin.close()

    asyncio.run(cut())


def _rename_inbox(folder: Path, old: str, new: str) -> None:
    """Tests share a broker, so the restored inbox cannot have the name of the one that is still there."""
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(old, new))
    for path in (folder / "log").glob(f"inbox.{old}.*"):
        path.rename(path.with_name(path.name.replace(old, new)))

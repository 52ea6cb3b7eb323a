"""Backup and restore of what is no function of the log, with the services that keep it (RUN-26)."""

import gzip
from pathlib import Path

import httpx2
import psycopg
import pytest

from payflow.backup import backup
from payflow.log_dump import BackupError
from payflow.restore import restore
from runtime.ids import mint
from tests.integration.operations.conftest import Services
from tests.integration.operations.test_backup import SERVICES, caught_up, pay_some, schemas_of

pytestmark = pytest.mark.integration


def test_files_drafts_webhooks_and_keys_come_back_with_the_database(services: Services, tmp_path: Path) -> None:
    draft, upload = _draft(services), _refused_file(services)
    _fill(
        services,
        "webhooks",
        "INSERT INTO endpoints VALUES (%s, 'demo', 'https://x', NULL, '{}', 'enabled', NULL, NULL, 1, 1)",
    )
    _fill(services, "admin", "INSERT INTO users VALUES (%s, 'a@b', 'A', NULL, NULL, NULL, '[]', true, 1, 'cli:x')")
    manifest = backup(services.settings, tmp_path / "backup", [services.log.upstream], services.own)
    assert {role: sum(bool(table.rows) for table in copied.tables.values()) for role, copied in manifest.own.items()} == {
        "ingest": 3,
        "webhooks": 1,
        "admin": 1,
    }
    for schema in services.own:
        with psycopg.connect(services.stack.database_url, options=f"-c search_path={schema.name}") as link:
            tables = [table for table in schema.kept if table != "audit"]
            link.execute(f"TRUNCATE {', '.join(tables)} CASCADE")  # type: ignore[arg-type]
    with httpx2.Client(base_url=services.url) as client:
        assert client.get(f"/api/v1/drafts/{draft}").status_code == 404
    services.end(*SERVICES)
    damaged = tmp_path / "backup" / "admin" / "users.copy.gz"
    whole = damaged.read_bytes()
    damaged.write_bytes(gzip.compress(gzip.decompress(whole).replace(b"a@b", b"a@c")))
    with pytest.raises(BackupError, match=r"users\.copy\.gz is not what was written"):
        restore(services.settings, tmp_path / "backup", ["database"], services.own)
    assert schemas_of(services) == sorted([services.schema, *(schema.name for schema in services.own)]), "all is as it was"
    damaged.write_bytes(whole)
    done = restore(services.settings, tmp_path / "backup", ["database"], services.own)
    assert sum("is kept as" in line for line in done) == 4
    assert any("NOTE: keys that were revoked" in line for line in done)
    services.start(*reversed(SERVICES))
    services.await_ready()
    with httpx2.Client(base_url=services.url, timeout=60) as client:
        assert client.get(f"/api/v1/uploads/{upload}/errors").json()["count"] == 1
        paid = client.post(f"/api/v1/drafts/{draft}/submit", headers={"Prefer": "wait=30"})
        assert (paid.status_code, paid.json()["id"]) == (201, draft)
    caught_up(services)


def test_with_only_the_views_what_is_no_view_stays(services: Services, tmp_path: Path) -> None:
    backup(services.settings, tmp_path / "backup", [services.log.upstream], services.own)
    draft = _draft(services)
    services.end(*SERVICES)
    done = restore(services.settings, tmp_path / "backup", ["views"], services.own)
    assert {line.partition(":")[0] for line in done} <= {"database", "inbox"}, (
        "the views, and what the log says of the inbox"
    )
    services.start(*reversed(SERVICES))
    services.await_ready()
    with httpx2.Client(base_url=services.url) as client:
        assert client.get(f"/api/v1/drafts/{draft}").status_code == 200


def test_webhooks_that_stand_where_this_log_has_no_record_are_refused(services: Services, tmp_path: Path) -> None:
    pay_some(services, 2)
    services.end(*SERVICES)
    _fill(services, "webhooks", "INSERT INTO positions VALUES (0, 999, 999)")
    backup(services.settings, tmp_path / "backup", [services.log.upstream], services.own)
    with pytest.raises(BackupError, match="these webhooks belong to another log"):
        restore(services.settings, tmp_path / "backup", ["database"], services.own)


def test_a_restore_under_connected_webhooks_is_refused(services: Services, tmp_path: Path) -> None:
    backup(services.settings, tmp_path / "backup", [services.log.upstream], services.own)
    services.end(*SERVICES)
    with (
        psycopg.connect(services.stack.database_url, application_name="payflow-webhooks"),
        pytest.raises(BackupError, match="payflow-webhooks still runs"),
    ):
        restore(services.settings, tmp_path / "backup", ["database"], services.own)


def _draft(services: Services) -> str:
    payout = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    with httpx2.Client(base_url=services.url) as client:
        answer = client.post("/api/v1/drafts", json={"payout": payout}, headers={"X-Merchant-Id": "demo"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _refused_file(services: Services) -> str:
    headers = {"X-Merchant-Id": "demo", "Idempotency-Key": mint()}
    files = {"file": ("rows.csv", b"account_number,amount,currency\n1234567890,none,USD\n")}
    with httpx2.Client(base_url=services.url) as client:
        answer = client.post("/api/v1/batches/upload", files=files, headers=headers)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["upload_id"])


def _fill(services: Services, role: str, query: str) -> None:
    schema = next(schema for schema in services.own if schema.role == role)
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={schema.name}") as link:
        link.execute(query, [mint()] if "%s" in query else [])  # type: ignore[arg-type]

"""What is no function of the log, out of a real Postgres and back into another (RUN-26)."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from payflow import own_copy
from payflow.log_dump import BackupError
from payflow.own_schemas import OwnSchema, named
from payflow.switch import replace
from runtime.ids import mint
from tests.support.stores import own_database

pytestmark = pytest.mark.integration

SCHEMAS = named("b_ingest", "b_webhooks", "b_admin")
ROWS: dict[str, list[tuple[str, list[Any]]]] = {
    "ingest": [
        ("INSERT INTO uploads VALUES (%s, 'm', 'k', 'accepted', 'csv', 'f.csv', 's', 'r', NULL, '{}', '{}', 'why', 1, 1, 2)", ["id"]),
        ("INSERT INTO upload_pieces VALUES (%s, 'file', 0, %s)", ["id", bytes(range(256)) * 2000]),
        ("INSERT INTO upload_corrections VALUES (%s, 7, %s)", ["id", '{"name": "Zoë\\\\n\\t"}']),
        ("INSERT INTO column_mappings VALUES ('m', 'betrag', 'amount', 1)", []),
        ("INSERT INTO drafts VALUES (%s, 'm', 'k', 'payout', '{}', 'draft', 1, 1, 1)", ["id"]),
    ],
    "webhooks": [
        (("INSERT INTO endpoints (id, merchant_id, url, types, status, created_at, updated_at) "
         "VALUES (%s, 'm', 'https://x', '{payout.*,\"a b\"}', 'enabled', 1, 1)"), ["id"]),
        ("INSERT INTO secrets VALUES (%s, 1, 'whsec_x', NULL)", ["id"]),
        (("INSERT INTO deliveries (id, endpoint_id, merchant_id, subject, kind, version, ord, partition, at, own, status, due_at) "
         "VALUES (%s, %s, 'm', 'payout:x', 'payout.pending.v1', 1, 1, 0, 1, '{}', 'pending', 1)"), ["id", "id"]),
        ("INSERT INTO attempts VALUES (%s, 1, 1, 1, 500, NULL, NULL)", ["id"]),
        ("INSERT INTO batch_tallies VALUES (%s, 5, 1, 1, true, 20)", ["id"]),
        ("INSERT INTO positions VALUES (0, 11, 12), (1, 0, 0)", []),
        ("INSERT INTO acts VALUES (%s, 1, 'key:x', 'webhook.deleted', 'webhook:x', 'm', '{}')", ["id"]),
        ("INSERT INTO members VALUES ('me', now())", []),
        ("INSERT INTO leases VALUES (0, 'me', now())", []),
    ],
    "admin": [
        ("INSERT INTO users VALUES (%s, 'a@b', 'A', 'hash', NULL, NULL, '[{\"role\": \"admin\"}]', true, 1, 'cli:x')", ["id"]),
        (("INSERT INTO keys (id, hash, shown, name, scopes, merchants, live, created_at, created_by) "
         "VALUES (%s, %s, 'pk_live_x', 'n', '{a:b}', '{m}', true, 1, 'cli:x')"), ["id", b"\x00\xff"]),
        ("INSERT INTO audit (at, actor, action, outcome, merchants, detail) VALUES (1, 'a', 'b', 'done', '{}', '{\"z\": 1}')", []),
        ("INSERT INTO audit (at, actor, action, outcome, merchants, detail) VALUES (2, 'a', 'b', 'done', '{m}', '{}')", []),
        ("INSERT INTO sessions VALUES (%s, '\\x01', '\\x02', %s, 'password', 1, 2, NULL)", ["id", "id"]),
    ],
}  # fmt: skip


@pytest.fixture
def filled(database_url: str) -> Iterator[str]:
    """A database with something in every table."""
    with own_database(database_url) as url:
        for schema in SCHEMAS:
            schema.upgrade(url, schema.name)
            one = UUID(mint())
            with psycopg.connect(url, options=f"-c search_path={schema.name}") as link:
                for query, values in ROWS[schema.role]:
                    link.execute(query, [one if value == "id" else value for value in values])  # type: ignore[arg-type]
        yield url


def write(url: str, folder: Path, schema: OwnSchema) -> own_copy.CopiedSchema:
    folder.mkdir(exist_ok=True)
    with psycopg.connect(url) as link:
        return own_copy.copy_out(link, folder, schema)


def read(url: str, folder: Path, schema: OwnSchema, copied: own_copy.CopiedSchema) -> None:
    schema.upgrade(url, f"{schema.name}_restore")
    with psycopg.connect(url, options=f"-c search_path={schema.name}_restore") as link:
        own_copy.copy_in(link, folder, schema, copied)
    replace(url, schema.name, f"{schema.name}_restore")


def rows(url: str, schema: OwnSchema, table: str) -> list[Any]:
    with psycopg.connect(url, options=f"-c search_path={schema.name}") as link:
        return link.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1").fetchall()  # type: ignore[arg-type]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.role)
def test_what_is_truth_comes_back_and_the_rest_does_not(
    filled: str, database_url: str, tmp_path: Path, schema: OwnSchema
) -> None:
    before = {table: rows(filled, schema, table) for table in (*schema.kept, *schema.left_out)}
    assert all(before[table] for table in schema.kept), "the test has a row in every table that is kept"
    copied = write(filled, tmp_path / "out", schema)
    assert copied.positions == ({"0": (11, 12), "1": (0, 0)} if schema.positions else {})
    with own_database(database_url) as other:
        read(other, tmp_path / "out", schema, copied)
        assert {table: rows(other, schema, table) for table in schema.kept} == {
            table: before[table] for table in schema.kept
        }
        assert not any(rows(other, schema, table) for table in schema.left_out)
        assert write(other, tmp_path / "again", schema) == copied, "and a backup of it is the same"


def test_the_audit_goes_on_behind_its_last_row_and_still_only_grows(filled: str, database_url: str, tmp_path: Path) -> None:
    admin = SCHEMAS[2]
    copied = write(filled, tmp_path / "out", admin)
    with own_database(database_url) as other:
        read(other, tmp_path / "out", admin, copied)
        with psycopg.connect(other, options=f"-c search_path={admin.name}", autocommit=True) as link:
            query = "INSERT INTO audit (at, actor, action, outcome, merchants, detail) VALUES (3, 'a', 'b', 'done', '{}', '{}') RETURNING id"
            assert link.execute(query).fetchone() == (3,)
            with pytest.raises(psycopg.errors.RaiseException, match="only added"):
                link.execute("DELETE FROM audit")


@pytest.mark.parametrize("table", ["secrets", "positions"])
def test_a_file_that_was_tampered_with_is_refused(filled: str, database_url: str, tmp_path: Path, table: str) -> None:
    webhooks = SCHEMAS[1]
    copied = write(filled, tmp_path / "out", webhooks)
    path = tmp_path / "out" / f"{table}.copy.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"1", b"9", 1)))
    with own_database(database_url) as other, pytest.raises((BackupError, psycopg.Error)):
        read(other, tmp_path / "out", webhooks, copied)


def test_a_schema_that_is_not_migrated_is_named(database_url: str, tmp_path: Path) -> None:
    with own_database(database_url) as url, pytest.raises(BackupError, match="b_ingest is not migrated"):
        write(url, tmp_path / "out", SCHEMAS[0])

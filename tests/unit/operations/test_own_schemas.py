"""Every table beside the log is either in a backup or left out of it on purpose (RUN-26)."""

import re
from pathlib import Path

import msgspec
import pytest

from payflow.backup import FORMAT, Manifest
from payflow.log_dump import BackupError
from payflow.own_schemas import OwnSchema, named, own_schemas
from payflow.restore import read_manifest
from payflow.switch import REBUILDING
from payflow.views_copy import CopiedViews
from runtime.revisions import LOCK
from runtime.settings import ServiceSettings

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
MADE_BY = {"ingest": "ingest", "webhooks": "webhooks", "admin": "identity"}


def made(role: str) -> set[str]:
    """The tables that the revisions of a service make."""
    versions = (ROOT / "services" / MADE_BY[role] / "migrations" / "versions").glob("*.py")
    return {name for path in versions for name in re.findall(r"CREATE TABLE (\w+)", path.read_text())}


@pytest.mark.parametrize("schema", named("i", "w", "a"), ids=lambda schema: schema.role)
def test_every_table_is_kept_or_left_out(schema: OwnSchema) -> None:
    listed = [*schema.kept, *schema.left_out]
    assert sorted(listed) == sorted(made(schema.role)), "write a new table down in payflow/own_schemas.py"
    assert schema.positions is None or schema.positions in schema.kept


def test_what_must_not_live_again_is_left_out() -> None:
    admin = next(schema for schema in named("i", "w", "a") if schema.role == "admin")
    assert {"sessions", "feed_tickets", "oidc_states"} <= set(admin.left_out)


def test_they_have_the_names_that_the_services_have(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [schema.name for schema in own_schemas(ServiceSettings())] == ["ingest", "webhooks", "admin"]
    monkeypatch.setenv("INGEST_SCHEMA", "files")
    beside = own_schemas(ServiceSettings(PROJECTION_SCHEMA="books", ADMIN_SCHEMA="doors"))
    assert [schema.name for schema in beside] == ["files", "books_webhooks", "doors"]


def test_a_rebuild_or_restore_does_not_wait_for_itself() -> None:
    """It holds its own lock while it upgrades a schema."""
    assert REBUILDING != LOCK


def test_a_backup_of_an_older_version_is_read_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    manifest = Manifest(1, 0, 8, CopiedViews("1", {}, {}), {}, {})
    form = {name: value for name, value in msgspec.to_builtins(manifest).items() if name != "own"}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(form))
    assert read_manifest(tmp_path).own == {}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode({**form, "format": FORMAT + 1}))
    with pytest.raises(BackupError, match="reads 1 to"):
        read_manifest(tmp_path)

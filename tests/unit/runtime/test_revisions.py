"""What a service knows of revisions without what runs them: the same as what runs them knows."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from runtime.revisions import Revisions
from services.identity import schema as identity
from services.ingest import schema as ingest
from services.projector import schema as views
from services.webhooks import schema as webhooks

ALL = {
    name: module.REVISIONS
    for name, module in (("identity", identity), ("ingest", ingest), ("views", views), ("webhooks", webhooks))
}
WIRINGS = ("services.identity.wiring", "services.ingest.wiring", "services.projector.wiring", "services.webhooks.wiring")


@pytest.mark.parametrize("revisions", ALL.values(), ids=ALL)
def test_the_files_are_the_chain_that_is_run(revisions: Revisions) -> None:
    config = Config()
    config.set_main_option("script_location", str(revisions._folder))
    scripts = ScriptDirectory.from_config(config)
    assert revisions.known() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert revisions.newest() == scripts.get_current_head()


def test_the_newest_one_and_those_of_a_later_version_are_current_and_older_ones_are_not(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    for name in ("0002_b.py", "0001_a.py", "__init__.py"):
        (tmp_path / "versions" / name).touch()
    revisions = Revisions(tmp_path)
    assert revisions.known() == ["0001", "0002"]
    assert [revisions._suits(found) for found in ("0001", "0002", "0003")] == [False, True, True]


@pytest.mark.parametrize("module", WIRINGS)
def test_a_service_starts_without_what_runs_revisions(module: str) -> None:
    look = f"import {module}, sys; print(*{{'alembic', 'sqlalchemy'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

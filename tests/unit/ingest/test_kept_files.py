"""What is told of a file whose content went by age, and which ages are refused."""

from typing import Any

import pytest
from msgspec import structs
from psycopg_pool import PoolTimeout

from runtime.clock import ManualClock
from runtime.settings import RefusedStartError
from services.ingest import retention
from services.ingest.retention import DAY_MS, Ages, Retention
from services.ingest.settings import IngestSettings
from services.ingest.staging.upload_record import FileOptions, Report
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import UPLOADS, get
from tests.unit.ingest.test_upload import THREE, upload


async def test_files_that_are_not_kept_are_410_and_the_upload_still_tells_its_batch(ingest: Ingest) -> None:
    batch = (await upload(ingest, THREE)).json()["id"]
    kept = ingest.staging.uploads[batch]
    gone = structs.replace(kept, content_deleted_at=1, file_name="", options=FileOptions(), report=Report())
    ingest.staging.uploads[batch] = gone
    for path in (f"/api/v1/batches/{batch}/result", f"{UPLOADS}/{batch}/errors", f"{UPLOADS}/{batch}/refused-rows"):
        answer = await get(ingest, path)
        assert (answer.status_code, answer.json()["code"]) == (410, "file_not_kept"), path
        assert f"/api/v1/batches/{batch}/rows/" in answer.json()["detail"]
    told = (await get(ingest, f"{UPLOADS}/{batch}")).json()
    assert (told["batch_id"], told["content_deleted_at"]) == (batch, "1970-01-01T00:00:00.001Z")
    again = await upload(ingest, THREE, key="another")
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_file"), "the fingerprint is remembered"


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"DRAFTS_KEEP_DAYS": "2", "PAYOUT_IDEMPOTENCY_WINDOW_HOURS": "72"}, "DRAFTS_KEEP_DAYS"),
        ({"FILES_KEEP_DAYS": "2", "PAYOUT_IDEMPOTENCY_WINDOW_HOURS": "72"}, "FILES_KEEP_DAYS"),
        ({"FILES_KEEP_DAYS": "500"}, "FILE_FINGERPRINTS_KEEP_DAYS"),
    ],
)
def test_nothing_is_forgotten_while_its_key_counts(env: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    IngestSettings().check_ages()
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RefusedStartError, match=f"^{named} is shorter"):
        IngestSettings().check_ages()


def test_ages_are_days_before_now() -> None:
    assert Ages(1, 2, 3).before(10 * DAY_MS) == {"files": 9 * DAY_MS, "fingerprints": 8 * DAY_MS, "drafts": 7 * DAY_MS}


class _Away:
    """A pool whose database is away."""

    def __init__(self) -> None:
        self.asked = 0

    def connection(self) -> Any:
        self.asked += 1
        if self.asked > 2:
            raise KeyboardInterrupt
        raise PoolTimeout("the test took it away")


async def test_a_database_that_is_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AWAY_SECONDS", 0)
    pool: Any = _Away()
    with pytest.raises(KeyboardInterrupt):
        await Retention(pool, ManualClock(), Ages(1, 2, 3)).run()
    assert pool.asked == 3

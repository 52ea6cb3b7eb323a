"""What Faust's consumer is made with: committed records for rails, and no fetch that holds the others up for long."""

import asyncio
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.event_log.connection import METADATA_MS, READ_COMMITTED
from services.processor import fetching
from services.processor.app import build


@pytest.mark.parametrize(
    ("transport", "isolation"),
    [(fetching.Transport, fetching.READ_UNCOMMITTED), (fetching.CommittedTransport, READ_COMMITTED)],
)
async def test_the_consumer_waits_shortly_and_reads_what_it_may(transport: type[fetching.Transport], isolation: str) -> None:
    app: Any = build("payflow-test", "127.0.0.1:1")
    fetching.fetch(app, transport)
    assert type(app.transport) is transport
    made = _unthreaded(app, transport.Consumer)._create_worker_consumer(app.transport)
    assert (made._isolation_level, made._fetch_max_wait_ms) == (isolation, fetching.WAIT_MS)
    assert made._client._metadata_max_age_ms == METADATA_MS, "a group that met no topics shares again soon"


def test_an_app_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    async def first_start() -> None:
        await build("payflow-test", "127.0.0.1:1").on_first_start()

    asyncio.run(first_start())
    assert list(tmp_path.iterdir()) == []


def _unthreaded(app: Any, consumer: Any) -> Any:
    """The thread without its thread: nothing connects."""
    thread: Any = object.__new__(fetching.Thread)
    settings = SimpleNamespace(app=app, isolation_level=consumer.isolation_level, in_transaction=False)
    thread.__dict__.update(app=app, consumer=settings)
    return thread

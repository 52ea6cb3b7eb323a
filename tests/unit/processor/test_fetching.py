"""What Faust's consumer is made with: committed records for rails, and no fetch that holds the others up for long."""

from types import SimpleNamespace
from typing import Any

import pytest

from runtime.event_log.connection import READ_COMMITTED
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


def _unthreaded(app: Any, consumer: Any) -> Any:
    """The thread without its thread: nothing connects."""
    thread: Any = object.__new__(fetching.Thread)
    settings = SimpleNamespace(app=app, isolation_level=consumer.isolation_level, in_transaction=False)
    thread.__dict__.update(app=app, consumer=settings)
    return thread

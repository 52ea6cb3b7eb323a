"""How Faust fetches for us: what its driver has no settings for.

Owns two things. Rails read committed records only; the processor takes every command that is there. And a fetch waits WAIT_MS at the
broker, not 1.5 s as the driver has it: a partition whose records were not taken in time is left out of the next fetch, and all that comes
on it meanwhile waits for that fetch to end. Must not read a record.
"""

from typing import Any, ClassVar

import faust
from faust.transport.drivers import aiokafka as driver

from runtime.event_log.connection import READ_COMMITTED

READ_UNCOMMITTED = "read_uncommitted"
WAIT_MS = 100


class Thread(driver.AIOKafkaConsumerThread):
    """The thread that fetches."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = self.consumer.isolation_level  # noqa: SLF001  the driver has no setting for it
        consumer._fetch_max_wait_ms = WAIT_MS  # noqa: SLF001  nor for this
        return consumer


class Consumer(driver.Consumer):
    """Reads what comes, committed or not."""

    isolation_level: ClassVar[str] = READ_UNCOMMITTED

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)


class CommittedConsumer(Consumer):
    """Faust reads uncommitted records unless it owns the transactions; here somebody else does."""

    isolation_level = READ_COMMITTED


class Transport(driver.Transport):
    """Faust's transport with a consumer of ours."""

    Consumer = Consumer


class CommittedTransport(Transport):
    """The same, for a topic with aborted records on it: claims."""

    Consumer = CommittedConsumer


def fetch(app: faust.App, transport: type[Transport]) -> None:
    """Let the app fetch so."""
    app.transport = transport(app.conf.broker, app, loop=app.loop)

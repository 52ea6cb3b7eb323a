"""The agent of rails: hands each committed event to the rail of its partition.

Owns that rails read `payouts.events`, and committed records only. Must not read a record.
"""

from collections.abc import Callable
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

from runtime.event_log.connection import READ_COMMITTED
from schemas.topics import EVENTS
from services.processor.assignment import Assigned
from services.processor.inbox import Inbox
from services.processor.rails.partition import PartitionRail


class CommittedThread(driver.AIOKafkaConsumerThread):
    """Faust reads uncommitted records unless it owns the transactions; here somebody else does."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = READ_COMMITTED  # noqa: SLF001  the driver has no setting for it
        return consumer


class CommittedConsumer(driver.Consumer):
    """A consumer of committed records."""

    def _new_consumer_thread(self) -> CommittedThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)


class CommittedTransport(driver.Transport):
    """Faust's transport with such a consumer."""

    Consumer = CommittedConsumer


def build_rails(app: faust.App, make: Callable[[int, Inbox], PartitionRail]) -> Assigned[PartitionRail]:
    """The rails of this process, connected with the app; events are read committed only."""
    app.transport = CommittedTransport(app.conf.broker, app, loop=app.loop)
    rails = Assigned(app, EVENTS, make)
    rails.install()
    return rails

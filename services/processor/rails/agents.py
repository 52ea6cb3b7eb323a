"""The agent of rails: hands each committed event to the rail of its partition.

Owns that rails read `payouts.events`, and committed records only. Must not read a record.
"""

from collections.abc import Callable

import faust

from schemas.topics import EVENTS
from services.processor.assignment import Assigned
from services.processor.fetching import CommittedTransport, fetch
from services.processor.inbox import Inbox
from services.processor.rails.partition import PartitionRail


def build_rails(app: faust.App, make: Callable[[int, Inbox], PartitionRail]) -> Assigned[PartitionRail]:
    """The rails of this process, connected with the app; events are read committed only."""
    fetch(app, CommittedTransport)
    rails = Assigned(app, EVENTS, make)
    rails.install()
    return rails

"""The agent: hands each raw command to the writer of its partition.

Owns that the processor reads `payouts.commands` and that a writer serves each partition. Must not read a record.
"""

from collections.abc import Callable

import faust

from schemas.topics import COMMANDS
from services.processor.assignment import Assigned
from services.processor.fetching import Transport, fetch
from services.processor.inbox import Inbox
from services.processor.writer import PartitionWriter


def build_writers(app: faust.App, make: Callable[[int, Inbox], PartitionWriter]) -> Assigned[PartitionWriter]:
    """The writers of this process, connected with the app."""
    fetch(app, Transport)
    writers = Assigned(app, COMMANDS, make)
    writers.install()
    return writers

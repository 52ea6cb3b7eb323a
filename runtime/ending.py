"""A polite end in bounded time: after SIGTERM a process has ended by itself within ENDING_SECONDS, or is ended (RUN-20, F4).

Owns the clock of an end. A client library that waits for a broker that is away may wait for a minute; by then whoever supervises has
sent SIGKILL. Everything is safe against that, so what is not finished is parked: the log has it. Must not know any service.
"""

import logging
import os
import threading
from collections.abc import Callable

from runtime.logging import logger

ENDING_SECONDS = 9.0
EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: ended with work parked."""

_log = logger(__name__)


def within(seconds: float = ENDING_SECONDS, leave: Callable[[int], None] = os._exit) -> None:
    """End this process after `seconds`, unless it has ended before. The first call counts; later ones come too late to matter."""
    timer = threading.Timer(seconds, _leave, (seconds, leave))
    timer.daemon = True
    timer.start()


def _leave(seconds: float, leave: Callable[[int], None]) -> None:
    _log.warning(
        "service.ended_late",
        seconds=seconds,
        why="it waits for something that is away; the log has what it has not finished",
    )
    logging.shutdown()
    leave(EXIT_CODE)

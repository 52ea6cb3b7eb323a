"""Failpoints: named places where a test lets a process die, stop or raise.

Owns the names and what happens there. Off unless PAYFLOW_FAILPOINTS names one, and refused outside the profile `development`. Must not
know what the places mean: the services call `reach` there and go on.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import NamedTuple

VARIABLE = "PAYFLOW_FAILPOINTS"
ACTIONS = ("kill", "raise", "stop")

NAMES: dict[str, str] = {
    "ingest.before_append": "K1",  # the key is read, nothing is on the log
    "ingest.appended": "K2",  # the command is durable, nobody waits for it yet
    "ingest.decided": "K3",  # the decision was seen, the client has no answer
    "inbox.sent": "K4",  # forwarded and replied, the inbox offset is not committed
    "processor.before_write": "K5",  # decided, nothing written
    "processor.mid_write": "K6",  # some of a poll's records are on the log, perhaps not all
    "processor.written": "K7",  # committed, memory has not moved
    "processor.folding": "K8",  # in the middle of recovery
    "processor.assigned": "K9",  # in the call-back of a rebalance
    "rails.before_send": "K10",  # the attempt is durable, nothing was sent
    "rails.sent": "K11",  # sent, the reply is not read
    "rails.before_record": "K12",  # the answer is known, not on the log
    "rails.recorded": "K13",  # the answer is on the log, nothing moved here
    "rails.inquired": "K14",  # a late answer came by inquiry, not on the log
    "gateway.passed_on": "K15",  # ingest has answered, the client has not heard
    "timers.due": "K16",  # a wait is over, no command says so yet
    "timers.appended": "K17",  # the command is on the log, the timer does not know
    "projector.mid_transaction": "K18",  # some rows written, not all
    "projector.before_commit": "K19",  # all written, COMMIT not sent
    "rebuild.mid": "K20",  # some partitions rebuilt
    "projector.committed": "K21",  # committed, the worker does not know
    "feed.read": "K22",  # changes read, not queued for anybody
    "feed.mid_fanout": "K23",  # queued for some clients
    "upload.mid_file": "K24",  # some chunks of a file are on the log
    "webhooks.before_commit": "K25",  # deliveries and position written, COMMIT not sent
    "webhooks.committed": "K26",  # committed, the follower does not know
    "webhooks.sent": "K27",  # the receiver has answered, nothing says so yet
}
"""Name -> kill point of the fault catalogue."""


class FailpointError(Exception):
    """What a failpoint with the action `raise` raises; also a failpoint that cannot be set."""


class Failpoint(NamedTuple):
    """Do `action` when `name` is reached for the `nth` time, from 1."""

    name: str
    nth: int
    action: str


_armed: dict[str, list[Failpoint]] = {}
_reached: dict[str, int] = {}
_watch: Callable[[str], Awaitable[None]] | None = None


def parse(text: str) -> list[Failpoint]:
    """`name:nth:action`, several with commas. Raises FailpointError for anything else."""
    return [_one(part.strip()) for part in text.split(",") if part.strip()]


def _one(part: str) -> Failpoint:
    name, _, rest = part.partition(":")
    nth, _, action = rest.partition(":")
    if name not in NAMES or not nth.isdecimal() or int(nth) < 1 or action not in ACTIONS:
        raise FailpointError(f"{VARIABLE}: {part!r} is no failpoint: write name:nth:{'|'.join(ACTIONS)}")
    return Failpoint(name, int(nth), action)


def arm(profile: str) -> None:
    """Read the environment. Raises FailpointError for failpoints outside the profile `development` (SEC-19)."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return
    if profile != "development":
        raise FailpointError(
            f"{VARIABLE} is set, but PAYFLOW_PROFILE is {profile}: failpoints are for development; unset it"
        )
    for point in parse(text):
        _armed.setdefault(point.name, []).append(point)


def said(name: str) -> str:
    """The last words of a process that this failpoint kills."""
    return f"failpoint {name}: kill"


def on_reach(watch: Callable[[str], Awaitable[None]] | None) -> None:
    """Let the simulation see every point that is reached; None ends it."""
    global _watch  # noqa: PLW0603  one per process, as the environment is
    _watch = watch


async def reach(name: str) -> None:
    """A place where a test may interfere; nothing happens otherwise."""
    if _watch is not None:
        await _watch(name)
    if _armed and name in _armed:
        _act(name)


def _act(name: str) -> None:
    _reached[name] = _reached.get(name, 0) + 1
    for point in _armed[name]:
        if point.nth == _reached[name]:
            _do(point)


def _do(point: Failpoint) -> None:
    match point.action:
        case "kill":
            os.write(2, f"{said(point.name)}\n".encode())  # so that whoever finds the body knows what did it
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case _:
            raise FailpointError(point.name)

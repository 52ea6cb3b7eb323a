"""What the decks left owing: kill points not hit, payouts not asked for, payout states that a fault has not met.

Owns the going on until it is made up, or its time is over. Must not break anything by itself nor judge: what stays owing, `account` tells.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.faults import quiet
from tests.faults.account import KILL_POINT, Account
from tests.faults.clients import Load
from tests.faults.cluster import Cluster
from tests.faults.kill_points import KillPoints
from tests.faults.levels import Level

Do = Callable[[str], Awaitable[bool]]
"""Does one fault of the catalogue."""

POINTS_SECONDS = 90.0
ASKED_SECONDS = 600.0
"""So long faults go on at most after the deck is empty, until all payouts of the level were asked for."""
COVERED_SECONDS = 420.0
MORE = ("kill_processor", "kill_one")


async def until_points(level: Level, points: KillPoints, do: Do) -> None:
    """More lives, until enough kill points were hit."""
    deadline = time.monotonic() + POINTS_SECONDS * max(1, level.points // 20)
    while points.wanted and time.monotonic() < deadline:
        await do("kill_one")
        await asyncio.sleep(3)


async def until_asked(level: Level, load: Load, do: Do) -> None:
    """Faults go on until all payouts were asked for: what is asked in peace proves little."""
    deadline = time.monotonic() + ASKED_SECONDS
    more = [name for name in MORE if name in level.deck] or ["kill_one"]
    while load.asked < level.payouts and time.monotonic() < deadline:
        await do(more[0])
        await asyncio.sleep(8)


async def until_covered(level: Level, account: Account, cluster: Cluster, do: Do) -> None:
    """A fault that has not met a payout state is done again as soon as payouts stand in one that it lacks."""
    deadline = time.monotonic() + COVERED_SECONDS
    while level.covered and (lacking := account.lacking()) and time.monotonic() < deadline:
        states = await asyncio.to_thread(quiet.states, cluster)
        due = [name for name, lacks in lacking.items() if any(states.get(state) for state in lacks)]
        if due:
            await do("kill_one" if due[0] == KILL_POINT else due[0])
        await asyncio.sleep(1)

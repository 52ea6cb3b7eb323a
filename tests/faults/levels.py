"""How much is broken at each level (RELIABILITY section 6).

Owns the numbers. Must not know how anything is broken.
"""

from typing import NamedTuple


class Level(NamedTuple):
    """`deck` is how often each fault comes; `points` how many kill points must be hit; `pause` seconds between faults."""

    name: str
    payouts: int
    clients: int
    merchants: int
    followers: int
    points: int
    pause: tuple[float, float]
    deck: dict[str, int]
    resend: int
    quiet_bound_seconds: float
    lanes: tuple[int, int] = (1, 0)
    """Faults at the same time: quick ones, and those that move partitions and wait for each other; with none of the latter, one deck for all."""
    covered: bool = False
    """Whether each fault must have met each payout state, and the provider must have done everything wrong that it can."""
    resume_kills: int = 0
    """So many kills of processors must have been measured with nothing else broken, and decisions must have gone on in time."""


SMOKE = Level(
    "smoke", 150, 4, 3, 1, 0, (0.5, 1.0), {"kill_one": 2, "cut": 1, "poison_records": 1}, 60, 30.0
)  # fmt: skip

RESUME = Level("resume", 600, 6, 6, 1, 0, (14.0, 16.0), {"kill_processor": 24}, 60, 30.0, resume_kills=20)
"""How long decisions stand still after a kill with nothing else broken."""

PLANTED = Level(
    "planted", 500, 5, 4, 2, 5, (0.3, 1.0),
    {"kill_one": 5, "reset_offsets": 6, "terminate_backends": 3, "drop_commit_reply": 3, "zombie": 1, "cut": 2},
    100, 30.0,
)  # fmt: skip
"""For planted bugs that only real processes can show."""

CI = Level(
    "ci", 3000, 6, 6, 4, 6, (0.8, 2.0),
    {
        "kill_one": 12, "zombie": 2, "rebalance": 1, "kill_broker": 1, "kill_postgres": 1, "terminate": 2, "drop_commit_reply": 2,
        "cut": 3, "refuse": 2, "stall": 2, "half_open": 2, "trickle": 1, "terminate_backends": 3, "kill_provider": 1,
        "poison_records": 2, "replay_commands": 2, "reset_offsets": 2, "freeze_broker": 1, "rebuild": 1,
    },
    300, 20.0,
)  # fmt: skip

NIGHTLY = Level(
    "nightly", 6000, 14, 12, 8, 240, (0.2, 0.8),
    {
        "kill_one": 280, "kill_role": 12, "kill_in_a_loop": 2, "zombie": 60, "rebalance": 40, "kill_broker": 40, "kill_postgres": 30,
        "terminate": 10, "drop_commit_reply": 30, "cut": 40, "refuse": 30, "stall": 20, "half_open": 20, "trickle": 10,
        "terminate_backends": 40, "kill_provider": 15, "poison_records": 20, "replay_commands": 20, "reset_offsets": 6,
        "freeze_broker": 8, "rebuild": 10,
    },
    1500, 60.0, lanes=(1, 3), covered=True,
)  # fmt: skip

LEVELS = {level.name: level for level in (SMOKE, RESUME, PLANTED, CI, NIGHTLY)}

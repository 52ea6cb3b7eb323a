"""Whether the engine has come to rest: all decided, all projected, every payout ended or visibly waiting.

Must not judge what it came to.
"""

from typing import Any

ENDED = ("completed", "failed", "canceled", "rejected", "returned")


def is_quiet(world: Any) -> bool:
    """Cheap first: counts, then the payouts in the views."""
    for number, partition in enumerate(world.broker.partitions):
        stands = world.database.tables.offsets.get(number, (0, 0, 0))
        if partition.stable != len(partition.events) or stands[1] != len(partition.commands):
            return False
    return not unended(world)


def unended(world: Any) -> list[str]:
    """Payouts that neither ended nor say why they wait."""
    rows = world.database.tables.rows
    return [i for i, row in rows["payouts"].items() if row["status"] not in ENDED and not _waits(row, rows["batches"])]


def _waits(row: dict[str, Any], batches: dict[str, Any]) -> bool:
    if row["status"] != "pending":
        return False
    return row["reason"] == "funds" or (row["batch_id"] is not None and batches[row["batch_id"]]["phase"] == "open")


def unrest(world: Any) -> str:
    """What is not at rest, in words."""
    rows = world.database.tables.rows["payouts"]
    places = [
        f"{number}: {len(p.commands)} commands, {len(p.committed())} decided, views at {world.database.tables.offsets.get(number)}"
        for number, p in enumerate(world.broker.partitions)
    ]
    stuck = [f"{i} {rows[i]['status']}/{rows[i]['reason']} v{rows[i]['version']}" for i in unended(world)[:3]]
    return "; ".join([*places, *stuck])


def halted(world: Any) -> list[str]:
    """Workers that stopped for good: there is no reason to in any run."""
    return [
        f"halted: partition {partition} in {name}"
        for name, service in sorted(world.alive.items())
        if hasattr(service, "halted") and callable(service.halted)
        for partition in service.halted()
    ]

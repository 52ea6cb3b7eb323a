"""How much is measured: the full run, a short one (QUICK=1), and single sizes by name for a look.

Owns the numbers. ROWS, ROUNDS, CELERY_ROWS and POSTS override one each; BENCH_ENV (`NAME=value NAME=value`) goes to the product as it is.
"""

import os
from dataclasses import dataclass

QUICK = os.environ.get("QUICK") == "1"


def _number(name: str, full: int, quick: int) -> int:
    return int(os.environ.get(name) or (quick if QUICK else full))


def _steps(name: str, full: tuple[int, ...], quick: tuple[int, ...]) -> tuple[int, ...]:
    given = os.environ.get(name)
    return tuple(map(int, given.split(","))) if given else (quick if QUICK else full)


def _pairs(name: str, full: tuple[tuple[int, int], ...], quick: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """`500:1000,2000:300` as pairs."""
    given = os.environ.get(name)
    if not given:
        return quick if QUICK else full
    return tuple((int(first), int(second)) for first, _, second in (item.partition(":") for item in given.split(",")))


@dataclass(frozen=True)
class Sizes:
    """Rows of a batch, rounds, and so on; as chosen for this run."""

    rows: int = _number("ROWS", 100_000, 20_000)
    rounds: int = _number("ROUNDS", 3, 3)
    rival_rows: int = _number("RIVAL_ROWS", 100_000, 100_000)
    """For the quick ones (mini pipeline, chunked SQL, raw loop): fewer would be over before they have begun."""
    celery_rows: int = _number("CELERY_ROWS", 3_000, 500)
    """The usual stack takes 5 to 10 ms a payout whatever the size, so it gets fewer rows."""
    posts: int = _number("POSTS", 400, 100)
    merchants: int = _number("MERCHANTS", 100, 100)
    workers: int = _number("WORKERS", 1, 1)
    """Processes of each kind of the product."""

    ledger_entries: tuple[int, ...] = _steps("LEDGER_ENTRIES", (100, 10_000, 1_000_000), (100, 1_000, 10_000))
    finished: tuple[int, ...] = _steps("FINISHED", (0, 100_000, 1_000_000), (0, 10_000, 40_000))
    merchant_counts: tuple[int, ...] = _steps("MERCHANT_COUNTS", (10, 1_000, 100_000), (10, 100, 1_000))
    probe_rows: int = _number("PROBE_ROWS", 10_000, 2_000)
    probe_repeats: int = _number("PROBE_REPEATS", 3, 3)

    open_payouts: int = _number("OPEN", 100_000, 5_000)
    takeovers: int = _number("TAKEOVERS", 5, 2)

    fanout: tuple[tuple[int, int], ...] = _pairs(
        "FANOUT", ((20, 1000), (500, 1000), (2000, 300), (5000, 100)), ((20, 200), (100, 100))
    )
    """Followers, and changes per second while they follow. Each change goes to each of them."""
    fanout_chunk: int = _number("FANOUT_CHUNK", 20, 20)
    """Changes in one event record, and so in one frame."""
    fanout_seconds: int = _number("FANOUT_SECONDS", 30, 5)
    fanout_processes: int = _number("FANOUT_PROCESSES", 2, 1)
    fanout_idle: int = _number("FANOUT_IDLE", 10_000, 200)
    """Followers to whom nothing happens."""

    slow_percent: int = _number("SLOW_PERCENT", 5, 5)
    """Of the rows of a provider that takes its time for some, and of the followers that read slowly."""
    provider_rows: int = _number("PROVIDER_ROWS", 20_000, 1_000)

    million: int = _number("MILLION", 1_000_000, 20_000)
    million_files: int = _number("MILLION_FILES", 10, 4)

    batch_sizes: tuple[int, ...] = _steps("BATCH_SIZES", (1, 1_000, 100_000), (1, 1_000))
    small_sizes: tuple[int, ...] = (1, 1_000)
    """Those that are measured in a comparison, too."""

    webhook_rows: int = _number("WEBHOOK_ROWS", 10_000, 1_000)
    """Each makes two deliveries for each endpoint."""

    stopped_seconds: int = _number("STOPPED", 120, 20)
    """So long nobody decides."""

    tab_rate: int = _number("TAB_RATE", 1_000, 200)
    """Changes per second that a browser's tab is told while it is timed."""
    tab_seconds: int = _number("TAB_SECONDS", 30, 5)
    """So long it is timed; 0: not at all."""
    tab_minutes: int = _number("TAB_MINUTES", 30, 1)
    """So long its memory is looked at; 0: not at all."""
    tab_memory_rate: int = _number("TAB_MEMORY_RATE", 200, 200)
    tab_look_seconds: int = _number("TAB_LOOK_SECONDS", 30, 10)
    tab_chunk: int = _number("TAB_CHUNK", 20, 20)
    """Changes in one event record."""


SIZES = Sizes()

PRODUCT_ENV = {
    "PAYOUT_CURRENCIES": "USD,EUR,GBP,RUB,INR,UGX",
    "SIMULATOR_PRESET": "perfect",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "3600",
    **dict(item.split("=", 1) for item in os.environ.get("BENCH_ENV", "").split()),
}
"""Single payouts are only decided, never sent: the delay is longer than the run."""

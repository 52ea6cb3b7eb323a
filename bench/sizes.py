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


SIZES = Sizes()

PRODUCT_ENV = {
    "PAYOUT_CURRENCIES": "USD,EUR,GBP,RUB,INR,UGX",
    "SIMULATOR_PRESET": "perfect",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "3600",
    **dict(item.split("=", 1) for item in os.environ.get("BENCH_ENV", "").split()),
}
"""Single payouts are only decided, never sent: the delay is longer than the run."""

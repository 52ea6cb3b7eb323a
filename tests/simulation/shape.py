"""What one seed is like: sizes, policy, weather and which faults it has.

Owns every draw that is made before the run begins. Must not run anything.
"""

from dataclasses import dataclass
from random import Random

from domain.policy import Policy
from schemas.currencies import enabled
from tests.simulation.network import Weather
from tests.simulation.provider import Nasty

KILLABLE = ("ingest", "processor", "rails", "projector", "gateway")


@dataclass(frozen=True)
class Shape:
    """The parameters of one run; times in seconds unless named. `blind` is the share of ingest's look-ups of keys that find no database.

    `day` is how many ms before the end of the first keys' lives the clock jumps to, and then as much past it; 0: it does not.
    """

    partitions: int
    workers: dict[str, int]
    merchants: int
    operations: int
    clients: int
    fault_seconds: float
    dispatch_delay_ms: int
    transaction_records: int
    poison: float
    calm: bool
    wild: bool
    skew_ms: int
    kills: int
    freezes: int
    outages: int
    jumps: int
    rebalances: int
    kill_points: int
    blind: float
    weather: Weather
    store_weather: Weather
    nasty: Nasty
    currencies: tuple[str, ...]
    day: int
    policy: Policy
    bulk_max: int


def draw(rng: Random) -> Shape:
    """The shape of a seed. About one in six has no faults at all, so that nothing else is found there but what always fails."""
    calm = rng.random() < 0.15
    rough = 0.0 if calm else rng.choice((0.0, 0.003, 0.01, 0.03))
    currencies = ("USD", "RUB", *rng.choice(((), ("JPY",), ("KWD",), ("UGX", "KWD"))))
    return Shape(
        partitions=rng.choice((1, 1, 2)),
        workers=_workers(rng),
        merchants=rng.randint(1, 3),
        operations=rng.randint(6, 24),
        clients=rng.randint(1, 4),
        fault_seconds=rng.uniform(8, 25),
        dispatch_delay_ms=rng.choice((0, 0, 3000)),
        transaction_records=rng.choice((1, 3, 40)),
        poison=rng.choice((0.0, 0.05)),
        calm=calm,
        wild=rng.random() < 0.2,
        skew_ms=0 if calm else rng.choice((0, 0, 1500)),
        kills=0 if calm else rng.choice((0, 1, 2, 4)),
        freezes=0 if calm else rng.choice((0, 1, 1, 2)),
        outages=0 if calm else rng.choice((0, 0, 1, 2)),
        jumps=0 if calm else rng.choice((0, 0, 0, 1)),
        rebalances=rng.choice((0, 0, 1, 3)),
        kill_points=0 if calm else rng.choice((0, 1, 1, 2)),
        weather=Weather(lost_request=rough / 2, lost_reply=rough, late=rough / 2, slow=rng.choice((0.004, 0.05, 0.3))),
        store_weather=Weather(rough / 2, rough, rough / 2, slow=rng.choice((0.004, 0.05, 1.5))),
        blind=0.0 if calm else rng.choice((0.0, 0.5, 1.0)),
        nasty=_nasty(rng, calm=calm),
        currencies=currencies,
        policy=_policy(rng, currencies),
        day=rng.choice((0, 0, 0, 0, 0, 0, 120_000, 3_600_000)),
        bulk_max=rng.choice((0, 2, 3, 500)),
    )


def _workers(rng: Random) -> dict[str, int]:
    workers = {kind: rng.choice((1, 2, 2)) for kind in ("ingest", "processor", "rails", "projector")}
    return {**workers, "gateway": rng.choice((0, 1))}


def _nasty(rng: Random, *, calm: bool) -> Nasty:
    if calm:
        return Nasty(fail=0.05, passing=0.05, slow=0.1, hang=0.0, wire=0.0, contradict=0.0)
    return Nasty(
        fail=rng.choice((0.0, 0.1, 0.3)),
        passing=rng.choice((0.0, 0.1, 0.4)),
        slow=rng.choice((0.0, 0.2)),
        hang=rng.choice((0.0, 0.1)),
        wire=rng.choice((0.0, 0.1, 0.3)),
        contradict=rng.choice((0.0, 0.0, 0.3)),
    )


def _policy(rng: Random, currencies: tuple[str, ...]) -> Policy:
    return Policy(
        retry_waits_ms=(1000, 2000, 3000),
        processing_timeout_ms=rng.choice((4_000, 10_000, 30_000)),
        in_progress_timeout_ms=rng.choice((5_000, 60_000)),
        inquiry_waits_ms=(2000, 3000, 5000, 8000),
        inquiry_later_ms=10_000,
        currencies=enabled(currencies),
    )

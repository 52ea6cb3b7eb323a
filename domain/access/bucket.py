"""A token bucket: how many requests may come now (SEC-11).

Owns the arithmetic; the time (seconds, monotonic) is an argument. Must not know who is counted.
"""

import math
from typing import NamedTuple


class Limit(NamedTuple):
    """`rate` requests a second for ever, `burst` at once."""

    rate: float = 50.0
    burst: int = 100

    @property
    def window(self) -> int:
        """Seconds in which an empty bucket is full again."""
        return max(math.ceil(self.burst / self.rate), 1)


class Bucket(NamedTuple):
    """What is left, as of a time."""

    left: float
    at: float


class Taking(NamedTuple):
    """What became of a request: the bucket after it, and for a refused one the seconds after which the next may come."""

    bucket: Bucket
    wait: int | None


def take(bucket: Bucket | None, limit: Limit, now: float) -> Taking:
    """Take one from a bucket (None: full). A refused request takes nothing."""
    left = limit.burst if bucket is None else min(bucket.left + max(now - bucket.at, 0.0) * limit.rate, limit.burst)
    if left >= 1:
        return Taking(Bucket(left - 1, now), None)
    return Taking(Bucket(left, now), max(math.ceil((1 - left) / limit.rate), 1))


def headers(limit: Limit, bucket: Bucket) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): what is left, and seconds until all is back."""
    full_in = math.ceil((limit.burst - bucket.left) / limit.rate)
    return {
        "RateLimit-Policy": f'"default";q={limit.burst};w={limit.window}',
        "RateLimit": f'"default";r={int(bucket.left)};t={full_in}',
    }

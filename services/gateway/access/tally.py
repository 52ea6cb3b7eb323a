"""What the guard counts, and the answer to who asks too often (SEC-11).

Owns who a request is counted for: one that may go on for its credential and merchant; a refused one for the credential alone, or, where
none was known, for the address it comes from. Must not decide about a request.
"""

import contextlib
import ipaddress
from collections.abc import Iterator

from starlette.requests import HTTPConnection

from domain.access import bucket
from runtime.http_problems import ProblemError
from services.gateway.access.counting import Counter

CLIENT_ERRORS = range(400, 500)
UNAUTHORIZED = 401
TOLD = "RateLimit"
SUBSCRIBER_BITS = 64


def address_of(asked: HTTPConnection) -> str:
    """Where a request comes from, which signs in or needs no credential. Of IPv6 the /64: one subscriber has all of it (RFC 6177)."""
    return f"address:{network_of(asked.client.host) if asked.client else 'unknown'}"


def network_of(host: str) -> str:
    """An IPv4 address as it is, also where IPv6 wraps it; an IPv6 address as its /64; what is no address as it is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, SUBSCRIBER_BITS), strict=False))


def stranger_at(asked: HTTPConnection) -> str:
    """Who had no good credential there. Counted apart from who signs in there: a page whose sign-in has ended locks nobody out."""
    return f"stranger@{address_of(asked)}"


class Tally:
    """Counts by `counter`; None: nobody is counted."""

    def __init__(self, counter: Counter | None) -> None:
        """Owns nothing besides."""
        self._counter = counter

    def count(self, who: str, merchant: str | None = None) -> dict[str, str]:
        """Headers for the answer. Raises ProblemError 429."""
        counter = self._counter
        if counter is None:
            return {}
        taking = counter.take(who, merchant)
        told = bucket.headers(counter.limit, taking.bucket)
        if taking.wait is not None:
            detail = (
                f"At most {counter.limit.rate:g} requests a second, {counter.limit.burst} at once; wait {taking.wait} s."
            )
            raise ProblemError("rate_limited", detail, headers={**told, "Retry-After": str(taking.wait)})
        return told

    @contextlib.contextmanager
    def refusals(self, who: str) -> Iterator[None]:
        """What is refused in here is counted for `who`, unless it was already. Raises ProblemError 429 in place of one too many."""
        try:
            yield
        except ProblemError as problem:
            if problem.entry.status in CLIENT_ERRORS and TOLD not in problem.headers:
                problem.headers |= self.count(who)
            raise

    @contextlib.contextmanager
    def trying(self, asked: HTTPConnection) -> Iterator[None]:
        """A credential that is not known here: a bad one counts for the address. Good ones never wait for what strangers there have sent.

        Raises ProblemError 429 in place of one 401 too many.
        """
        try:
            yield
        except ProblemError as problem:
            if problem.entry.status == UNAUTHORIZED:
                problem.headers |= self.count(stranger_at(asked))
            raise

"""Where a webhook may connect to (SEC-09): a name is resolved once per delivery, and the connection is pinned to what was checked.

Owns the check and the pin. The connection's host stays the name, so that TLS and the Host header are about it; only the address comes from
here. Must not know what is sent.
"""

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar

from aiohttp.abc import AbstractResolver, ResolveResult

from domain.webhooks.addresses import address_fault, literal
from services.webhooks.lookups import Lookups

ADDRESSES_MAX = 8

Lookup = Callable[[str], Awaitable[Sequence[str]]]
_pinned: ContextVar[tuple[str, tuple[str, ...]] | None] = ContextVar("pinned", default=None)


class RefusedAddressError(OSError):
    """Nothing is sent there; `str(error)` says why, without telling which private address a name has."""


class Guard:
    """Resolves names and refuses what is not public. `loopback` also allows this machine itself."""

    def __init__(self, *, loopback: bool, lookup: Lookup | None = None) -> None:
        """`lookup` takes the place of the system's resolver."""
        self._loopback = loopback
        self._system = Lookups()
        self._lookup = lookup or self._system

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a host, all of them allowed. Raises RefusedAddressError; one bad address refuses the host."""
        address = literal(host)
        found = [str(address)] if address is not None else list(await self._found(host))
        if not found:
            raise RefusedAddressError("the host's name cannot be resolved")
        for text in found:
            if (fault := address_fault(text, loopback=self._loopback)) is not None:
                raise RefusedAddressError(f"the host's address {fault}")
        return tuple(found[:ADDRESSES_MAX])

    @contextlib.contextmanager
    def pin(self, host: str, addresses: tuple[str, ...]) -> Iterator[None]:
        """New connections that are made inside, to this host, go to these addresses and no others."""
        token = _pinned.set((host.lower().rstrip("."), addresses))
        try:
            yield
        finally:
            _pinned.reset(token)

    def close(self) -> None:
        """Let go of the threads; one that still waits for a name server ends by itself."""
        self._system.close()

    async def _found(self, host: str) -> Sequence[str]:
        try:
            return await self._lookup(host)
        except (OSError, UnicodeError):
            return ()


class PinnedResolver(AbstractResolver):
    """What aiohttp connects by: only ever the addresses that were pinned for this host; it never asks a name server itself."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The pinned addresses. Raises RefusedAddressError without a pin for this host."""
        pinned = _pinned.get()
        if pinned is None or pinned[0] != host.lower().rstrip("."):
            raise RefusedAddressError("no address was checked for this host")
        return [_result(host, port, address) for address in pinned[1] if family in {socket.AF_UNSPEC, _family(address)}]

    async def close(self) -> None:
        """Nothing is held."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _result(host: str, port: int, address: str) -> ResolveResult:
    return ResolveResult(
        hostname=host, host=address, port=port, family=_family(address), proto=0, flags=socket.AI_NUMERICHOST
    )

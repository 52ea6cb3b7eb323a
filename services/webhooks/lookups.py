"""Asking the system's resolver, so that a name server which does not answer holds up its own hosts alone (WHK-05).

Owns the threads. The system's resolver cannot be cancelled: a lookup that nobody waits for any more still holds its thread. So a host has
one lookup at a time, which all its deliveries share, and one that took long is next looked up among SLOW_THREADS of their own, until it
answers soon again. Must not know which addresses are allowed.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

THREADS, SLOW_THREADS = 32, 8
SLOW_SECONDS = 3.0
"""A name server that answers at all does so within this, also after one packet that was lost."""
SLOW_HOSTS_MAX = 10_000

Resolve = Callable[[str], Sequence[str]]


class Lookups:
    """The addresses of hosts. `resolve` blocks; it raises OSError or ValueError for a name that has none."""

    def __init__(self, resolve: Resolve | None = None, slow_seconds: float = SLOW_SECONDS) -> None:
        """`resolve` takes the place of the system's resolver."""
        self._resolve, self._slow_seconds = resolve or getaddrinfo, slow_seconds
        self._quick = ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="resolve-slow")
        self._under_way: dict[str, asyncio.Future[Sequence[str]]] = {}
        self._slow_hosts: dict[str, None] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses of a host, none if it has no such name. Who stops waiting leaves the lookup to others who wait for it."""
        host = host.lower().rstrip(".")
        if (found := self._under_way.get(host)) is None:
            threads = self._slow if host in self._slow_hosts else self._quick
            found = asyncio.get_running_loop().run_in_executor(threads, self._look, host)
            found.add_done_callback(lambda _: self._under_way.pop(host, None))
            self._under_way[host] = found
        return await asyncio.shield(found)

    def close(self) -> None:
        """Let go of the threads; one that still waits for a name server ends by itself."""
        for threads in (self._quick, self._slow):
            threads.shutdown(wait=False, cancel_futures=True)

    def _look(self, host: str) -> Sequence[str]:
        """In a thread. Never raises: nobody may be there any more to take it."""
        started = time.monotonic()
        try:
            return self._resolve(host)
        except (OSError, ValueError):
            return ()
        finally:
            self._judge(host, time.monotonic() - started >= self._slow_seconds)

    def _judge(self, host: str, slow: bool) -> None:
        if not slow:
            self._slow_hosts.pop(host, None)
        elif len(self._slow_hosts) < SLOW_HOSTS_MAX:
            self._slow_hosts[host] = None


def getaddrinfo(host: str) -> Sequence[str]:
    """What the system says, each address once."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))

"""Passwords: argon2id, a few at a time (SEC-03).

Owns hashing and checking, in threads, so that neither memory (64 MiB each) nor the other requests suffer. A check takes as long for
a person that does not exist. Must not know people.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from runtime.http_problems import ProblemError

T = TypeVar("T")

AT_ONCE = 2
WAITING_MAX = 16


class Passwords:
    """Hashes with argon2id at the library's defaults (RFC 9106, low memory: 3 passes, 64 MiB, 4 lanes)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """`hasher` is for tests that need a quick one."""
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hashed(self, password: str) -> str:
        """What may be stored."""
        return await self._run(self._hasher.hash, password)

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Whether a password is the one; False, after the same time, where none is stored."""
        right = await self._run(self._check, stored or self._nobody, password)
        return right and stored is not None

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING_MAX:
            raise ProblemError("rate_limited", "Too many sign-ins at once; try again in a second.")
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1

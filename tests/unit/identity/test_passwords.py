"""Passwords are argon2id, a few at a time, and take as long for nobody (SEC-03)."""

import asyncio

from argon2 import PasswordHasher

from runtime.http_problems import ProblemError
from services.identity.passwords import WAITING_MAX, Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


async def test_sec_03_argon2id_with_a_salt_of_its_own() -> None:
    passwords = Passwords()
    one, other = [await passwords.hashed("a long pass phrase") for _ in range(2)]
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert await passwords.is_right(one, "a long pass phrase")
    assert not await passwords.is_right(one, "another")


async def test_sec_03_nobody_and_nonsense_are_checked_and_wrong() -> None:
    checked: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, stored: str | bytes, password: str | bytes) -> bool:
            checked.append(str(stored))
            return super().verify(stored, password)

    passwords = Passwords(Watched(time_cost=1, memory_cost=64, parallelism=1))
    assert not await passwords.is_right(None, "nobody has this password")
    assert len(checked) == 1
    assert not await passwords.is_right("no hash", "x")


async def test_too_many_at_once_are_told_to_come_back() -> None:
    passwords = Passwords(QUICK)
    answers = await asyncio.gather(*(passwords.hashed("x") for _ in range(WAITING_MAX + 5)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ProblemError)]
    assert len(refused) == 5
    assert refused[0].entry.code == "rate_limited"
    assert await passwords.hashed("x")

"""Health answers: is the process alive, can it do its work (OBS-07).

Owns running named checks with a bound each and the form of the answer. Must not know what is checked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

CHECK_SECONDS = 2.0


class Degraded(str):
    """What is wrong with a part only: it is told, and the process is ready for all the rest."""

    __slots__ = ()


Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else in a few words what is wrong; may raise."""


@dataclass(frozen=True)
class Readiness:
    """Outcome of all checks: `problems` maps a check's name to what is wrong."""

    problems: Mapping[str, str]
    checked: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """True when no check found anything that concerns all of the work."""
        return all(isinstance(problem, Degraded) for problem in self.problems.values())

    def payload(self, *, verbose: bool) -> dict[str, object]:
        """The JSON body: the status, and with `verbose` one line per check."""
        status = "degraded" if self.problems else "ok"
        body: dict[str, object] = {"status": status if self.ready else "unavailable"}
        if verbose or self.problems:
            body["checks"] = {name: str(self.problems.get(name, "ok")) for name in self.checked}
        return body


async def run(checks: Mapping[str, Check]) -> Readiness:
    """Run all checks at once; one that takes longer than CHECK_SECONDS counts as failed."""
    found = await asyncio.gather(*(_one(check) for check in checks.values()))
    problems = {name: problem for name, problem in zip(checks, found, strict=True) if problem is not None}
    return Readiness(problems, tuple(checks))


async def _one(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001  a check that raises is a check that failed
        return type(error).__name__

"""The network between the simulated processes and the log, the store and the provider.

Owns what can happen to one call: it is done at once or late; the request or the reply is lost; the other side is away. The effect is done
by the world, not by the caller: what is under way when its caller dies or sleeps still lands. Must not know what a call does.
"""

import contextvars
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.simulation.loop import VirtualLoop

Error = Callable[[], BaseException]


class Weather(NamedTuple):
    """How often a call goes wrong, each as a share of calls; `slow` is the longest usual delay in seconds."""

    lost_request: float = 0.0
    lost_reply: float = 0.0
    late: float = 0.0
    slow: float = 0.004


FAIR = Weather()
LATE_SECONDS = 25.0


class Network:
    """Calls from processes to servers. `away` maps a server to the time until which it does not answer."""

    def __init__(self, loop: VirtualLoop, rng: Random) -> None:
        self.loop, self.rng = loop, rng
        self.weather: dict[str, Weather] = {}
        self.away: dict[str, float] = {}
        self.met: Counter[str] = Counter()
        self.world = contextvars.Context()

    def call(self, server: str, effect: Callable[..., Any], *args: Any, seconds: float, error: Error) -> Any:
        """A future: the effect's result, or its exception, or `error` after `seconds` when nobody can tell."""
        loop, rng = self.loop, self.rng
        future = loop.create_future()
        weather = self.weather.get(server, FAIR)
        delay = rng.random() * weather.slow
        draw = rng.random()
        if draw < weather.lost_request:
            self._count(server, "request_lost")
            self._later(seconds, _fail, future, error)
        elif draw < weather.lost_request + weather.lost_reply:
            self._count(server, "reply_lost")
            self._later(delay, self._effect, server, effect, args, loop.create_future(), error)
            self._later(seconds, _fail, future, error)
        elif draw < weather.lost_request + weather.lost_reply + weather.late:
            self._count(server, "late")
            self._later(rng.random() * LATE_SECONDS, self._effect, server, effect, args, future, error)
            self._later(seconds, _fail, future, error)
        else:
            self._later(delay, self._effect, server, effect, args, future, error)
        return future

    def is_away(self, server: str) -> bool:
        """Whether the server does not answer now."""
        return self.away.get(server, 0.0) > self.loop.clock

    def _effect(self, server: str, effect: Callable[..., Any], args: tuple[Any, ...], future: Any, error: Error) -> None:
        if self.is_away(server):
            self._count(server, "away")
            self._later(0.2 + self.rng.random(), _fail, future, error)
            return
        try:
            result = effect(*args)
        except Exception as raised:  # noqa: BLE001  the server's answer
            if not future.done():
                future.set_exception(raised)
                future.exception()
            return
        if not future.done():
            future.set_result(result)

    def _later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> None:
        self.loop.call_at(self.loop.clock + seconds, callback, *args, context=self.world)

    def _count(self, server: str, what: str) -> None:
        self.met[f"{server}.{what}"] += 1


def _fail(future: Any, error: Error) -> None:
    if not future.done():
        future.set_exception(error())
        future.exception()

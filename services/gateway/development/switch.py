"""The switch of the fault layer: which mode is on, since when, until when, and what it has done (CON-18).

Owns that state, in this process only: it is gone with the process, and ends by itself. Must not know HTTP.
"""

import random  # noqa: TID251  faults are drawn; nothing else is
from collections.abc import Callable

from msgspec import Struct

from runtime.clock import Clock
from schemas.times import rfc3339, rfc3339_or_none
from services.gateway.development.modes import AWAY, WORDS, Mode, Numbers


class State(Struct, frozen=True, kw_only=True):
    """What was switched on. Times in ms UTC."""

    mode: Mode = Mode.NONE
    since: int | None = None
    ends_at: int | None = None
    themes: frozenset[str] = AWAY


class Switch:
    """Read by the layer for each request; changed by the development routes."""

    def __init__(self, clock: Clock, numbers: Numbers | None = None, seed: int | None = None) -> None:
        """Off. `seed` makes what is drawn repeatable."""
        self.clock, self.numbers = clock, numbers or Numbers()
        self.random = random.Random(seed)  # noqa: S311  faults, no secrets
        self.listeners: list[Callable[[], None]] = []
        """Told when somebody has switched."""
        self.turns = 0
        """How often somebody has switched."""
        self.touched = self.spoilt = 0
        self._state = State()

    @property
    def state(self) -> State:
        """What is on now; nothing once its time is over."""
        if self._state.ends_at is not None and self._state.ends_at <= self.clock.now_ms():
            self._state = State()
        return self._state

    def set(self, mode: Mode, *, seconds: int, themes: frozenset[str]) -> None:
        """Switch to a mode for so long; counts begin anew. The same again begins its time anew."""
        now = self.clock.now_ms()
        on = mode is not Mode.NONE
        self._state = State(mode=mode, since=now, ends_at=now + seconds * 1000, themes=themes) if on else State()
        self.touched = self.spoilt = 0
        self.turns += 1
        for listener in self.listeners:
            listener()

    def draws(self, share: float) -> bool:
        """True for this share of calls."""
        return self.random.random() < share

    def between(self, bounds: tuple[float, float]) -> float:
        """Some number of seconds between both."""
        return self.random.uniform(*bounds)

    def view(self) -> dict[str, object]:
        """As the panel shows it."""
        state = self.state
        return {
            "mode": state.mode.value,
            "since": rfc3339_or_none(state.since),
            "ends_at": rfc3339_or_none(state.ends_at),
            "time": rfc3339(self.clock.now_ms()),
            "themes": sorted(state.themes),
            "touched": self.touched,
            "spoilt": self.spoilt,
            "modes": [{"mode": mode.value, "title": title, "description": text} for mode, (title, text) in WORDS.items()],
        }

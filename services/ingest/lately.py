"""What was decided a moment ago: subject and merchant, for half a minute to a minute, and never more than so many.

Owns the forgetting: two halves by age, of which the older one goes whole. No timer and no decision is kept for a subject. Must not know
what a subject is.
"""

from collections.abc import Callable

LINGER_SECONDS = 30.0
"""A subject that came into being is still named for so long, so that a reader never falls between the decision and the projection."""
HALF_MAX = 50_000
"""More than these within LINGER_SECONDS, and the oldest are forgotten sooner."""


class Lately:
    """Merchants by subject."""

    def __init__(self, now: Callable[[], float], linger_seconds: float = LINGER_SECONDS, half_max: int = HALF_MAX) -> None:
        """Empty. `now` is a clock that only goes forward, in seconds."""
        self._now = now
        self._linger_seconds = linger_seconds
        self._half_max = half_max
        self._young: dict[str, str] = {}
        self._old: dict[str, str] = {}
        self._turned_at = now()

    def __len__(self) -> int:
        """Subjects kept."""
        return len(self._young) + len(self._old)

    def add(self, subject: str, merchant_id: str) -> None:
        """Name this subject for a while."""
        self._forget()
        self._young[subject] = merchant_id

    def merchant_of(self, subject: str) -> str | None:
        """Whose subject this is; None for one that was not decided lately."""
        self._forget()
        return self._young.get(subject) or self._old.get(subject)

    def _forget(self) -> None:
        age = self._now() - self._turned_at
        if age < self._linger_seconds and len(self._young) < self._half_max:
            return
        self._old = self._young if age < 2 * self._linger_seconds else {}
        self._young = {}
        self._turned_at = self._now()

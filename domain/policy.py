"""The numbers that a decision goes by: tries, waits, time-outs, what is enabled.

Owns defaults (LIF-10, LIF-12, RAI-06, IDM-07, API-12) and the arithmetic of waits. Must not read settings: the shell fills it.
What a decision derives from it is written into the event, so a later change of policy never changes the past.
"""

import hashlib

from msgspec import Struct, field

from schemas.currencies import Currencies, enabled

SECOND = 1000
HOUR = 3600 * SECOND
DEFAULT_CURRENCIES = ("USD", "EUR", "GBP", "RUB", "INR")


class Policy(Struct, frozen=True, kw_only=True):
    """All waits in ms. `max_tries` counts the first try too."""

    max_tries: int = 3
    retry_waits_ms: tuple[int, ...] = (10 * SECOND, 30 * SECOND, 90 * SECOND)
    jitter_percent: int = 20
    processing_timeout_ms: int = 30 * SECOND
    in_progress_timeout_ms: int = HOUR
    inquiry_waits_ms: tuple[int, ...] = (30_000, 60_000, 120_000, 300_000, 900_000, 1_800_000)
    inquiry_later_ms: int = HOUR
    inquiry_horizon_ms: int = 72 * HOUR
    key_ttl_ms: int = 24 * HOUR
    currencies: Currencies = field(default_factory=lambda: enabled(DEFAULT_CURRENCIES))

    def retry_at(self, now: int, payout_id: str, attempt: int) -> int:
        """When try number `attempt` + 1 is due: the wait of that try, up to 20 % longer or shorter by a hash of the payout."""
        wait = self.retry_waits_ms[min(attempt, len(self.retry_waits_ms)) - 1]
        draw = int.from_bytes(hashlib.sha256(f"{payout_id}:{attempt}".encode()).digest()[:4], "big")
        spread = wait * self.jitter_percent // 100
        return now + wait - spread + draw * 2 * spread // 0xFFFFFFFF

    def inquire_at(self, now: int, inquiry: int) -> int | None:
        """When to ask for the (`inquiry` + 1)th time; None once the waits add up to the horizon and only people ask.

        The waits count, not the clock: after days without power every inquiry that is owed is still made.
        """
        waits = self.inquiry_waits_ms
        waited = sum(waits[:inquiry]) + max(inquiry - len(waits), 0) * self.inquiry_later_ms
        if waited >= self.inquiry_horizon_ms:
            return None
        return now + (waits[inquiry] if inquiry < len(waits) else self.inquiry_later_ms)

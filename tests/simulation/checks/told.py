"""What the fold remembers of one payout, one edit, and one word that an event claims of the provider.

Owns their fields only. Must not fold.
"""

from typing import Any, NamedTuple

from tests.simulation.checks import wanted


class Told:
    """One payout as the events tell it."""

    __slots__ = (
        "amount",
        "attempt",
        "batch",
        "currency",
        "fee",
        "forms",
        "history",
        "id",
        "key",
        "merchant",
        "reason",
        "references",
        "status",
        "version",
    )

    def __init__(self, id_: str, merchant: str, form: dict[str, Any], status: str, batch: str | None = None) -> None:
        self.id, self.merchant, self.status, self.batch = id_, merchant, status, batch
        self.forms: list[tuple[int, dict[str, Any]]] = [(1, wanted.told(form))]
        self.history: dict[int, str] = {1: status}
        self.amount, self.currency, self.version, self.attempt, self.fee = form["amount_minor"], form["currency"], 1, 0, 0
        self.reason: str | None = None
        self.key: str | None = None
        self.references: list[str] = []

    @property
    def form(self) -> dict[str, Any]:
        """What the payee is to get now."""
        return self.forms[-1][1]

    def form_at(self, version: int) -> dict[str, Any]:
        """What the payee was to get at a version."""
        return next(form for since, form in reversed(self.forms) if since <= version)


class Edited(NamedTuple):
    """One edit as the log tells it, with the key of its command."""

    key: tuple[str, str]
    payout_id: str
    version: int
    before: dict[str, Any]
    after: dict[str, Any]


class Said(NamedTuple):
    """What an event claims that the provider said of an attempt."""

    place: str
    payout_id: str
    attempt: int
    answer: str
